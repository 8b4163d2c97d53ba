"""Serves an AVI of JPEG pictures over RTSP, each client from its beginning: rtsp.py FILE. Prints the address."""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(f"( filesrc location={sys.argv[1]} ! avidemux ! rtpjpegpay name=pay0 pt=26 )")
server.get_mount_points().add_factory("/clip", factory)
server.attach(None)
print(f"rtsp://127.0.0.1:{server.get_bound_port()}/clip", flush=True)
GLib.MainLoop().run()
