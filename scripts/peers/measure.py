#!/usr/bin/env python3
"""Measure a desktop labelling tool under Xvfb.   python3 measure.py TOOL [test ...] [--runs N]

TOOL:  a key of TOOLS below (saysee, labelme, xany); add an entry to measure another program.
tests: empty folder many next next20k next12mp big (with zoom) idle size shot   (all when none is named);
       prep.py beside this file makes the photos.

Method. Xvfb 1400x900x24 writes its frame buffer to a memory-mapped file (-fbdir); the loop reads the
pixels straight from that file, so a look at the screen costs well under a millisecond and takes
nothing from the program measured. Keys and wheel steps go through XTEST. Windows are found through
_NET_CLIENT_LIST of openbox, which shows the window maximised and without decoration.
All clocks start right before Popen, or right before the XTEST event. Results: JSON, on stdout and in
$PEERS/result_TOOL.json (PEERS: a folder with the tools' environments and the photos; ~/.cache/peers where unset).

Set-up, once: apt xvfb openbox (and Qt's xcb libraries for the peers); environments under $PEERS: drv (numpy psutil python-xlib
opencv-python-headless), labelme (labelme), xany (x-anylabeling-cvhub[cpu]); at least 2,000 photos under $PEERS/raw, then prep.py.
Saysee is bin/saysee of this project, as `make build` writes it.
"""
import argparse, json, mmap, os, shutil, statistics, struct, subprocess, sys, time
BASE = os.environ.get('PEERS') or os.path.expanduser('~/.cache/peers')
DRV = BASE + '/drv'
if not sys.prefix.startswith(DRV):      # needs numpy, psutil, python-xlib, opencv-python-headless: in that environment
    os.execv(DRV + '/bin/python', [DRV + '/bin/python'] + sys.argv)
import numpy as np, psutil
from Xlib import X, XK, display as xdisplay
from Xlib.ext import xtest

DISP, W, H = ':77', 1400, 900
CANVAS = (slice(250, 650), slice(350, 900))       # a part of the screen that is canvas in every tool
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = {
    'saysee': dict(
        venv=ROOT + '/bin', name='Saysee', zoom_ctrl=False,
        cmd=lambda p: [ROOT + '/bin/saysee'] + ([p] if p else [])),
    'labelme': dict(
        venv=BASE + '/labelme', name='Labelme', zoom_ctrl=True,     # wheel step that zooms: with Ctrl or without
        cmd=lambda p: [BASE + '/labelme/bin/labelme'] + ([p] if p else [])),
    'xany': dict(
        venv=BASE + '/xany', name='X-AnyLabeling', zoom_ctrl=False,
        cmd=lambda p: [BASE + '/xany/bin/xanylabeling', '--no-auto-update-check', '--qt-platform', 'xcb']
        + (['--filename', p] if p else [])),
}
RC = '''<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc"><focus><focusNew>yes</focusNew></focus>
<mouse><context name="Client"><mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/>
</mousebind></context></mouse><applications><application type="normal"><decor>no</decor>
<maximized>yes</maximized><focus>yes</focus></application></applications></openbox_config>'''


class Screen:
    """Xvfb with openbox, its pixels and its keyboard and mouse."""

    def __init__(self):
        d = BASE + '/fb'
        shutil.rmtree(d, ignore_errors=True); os.makedirs(d)
        rc = BASE + '/openbox-rc.xml'
        open(rc, 'w').write(RC)
        self.procs = [subprocess.Popen(['Xvfb', DISP, '-screen', '0', f'{W}x{H}x24', '-fbdir', d, '-nolisten', 'tcp', '-noreset'],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
        for _ in range(100):
            try:
                self.d = xdisplay.Display(DISP); break
            except Exception:
                time.sleep(0.05)
        self.procs.append(subprocess.Popen(['openbox', '--config-file', rc], env=dict(os.environ, DISPLAY=DISP),
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(0.5)
        f = open(d + '/Xvfb_screen0', 'rb')
        m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        head = struct.unpack('>25I', m[:100])
        off = head[0] + head[19] * 12
        self.px = np.frombuffer(m, dtype=np.uint32, offset=off, count=W * H).reshape(H, W)
        self.root = self.d.screen().root
        self.a_list, self.a_name = self.d.intern_atom('_NET_CLIENT_LIST'), self.d.intern_atom('_NET_WM_NAME')
        self.a_utf8 = self.d.intern_atom('UTF8_STRING')

    def close(self):
        for p in reversed(self.procs):
            p.terminate(); p.wait()

    def titles(self):
        out = []
        try:
            v = self.root.get_full_property(self.a_list, X.AnyPropertyType)
            for w in (v.value if v else []):
                o = self.d.create_resource_object('window', int(w))
                n = o.get_full_property(self.a_name, self.a_utf8)
                if o.get_attributes().map_state == X.IsViewable:
                    s = n.value if n else b''
                    out.append(s.decode('utf8', 'replace') if isinstance(s, bytes) else s)
        except Exception:
            pass
        return out

    def sync(self): self.d.sync()

    def key(self, spec):
        *mods, k = spec.split('+')
        code = lambda n: self.d.keysym_to_keycode(XK.string_to_keysym(n))
        mods = [code({'ctrl': 'Control_L', 'shift': 'Shift_L', 'alt': 'Alt_L'}[m]) for m in mods]
        for m in mods: xtest.fake_input(self.d, X.KeyPress, m)
        xtest.fake_input(self.d, X.KeyPress, code(k)); xtest.fake_input(self.d, X.KeyRelease, code(k))
        for m in reversed(mods): xtest.fake_input(self.d, X.KeyRelease, m)
        self.sync()

    def type(self, s):
        for c in s: self.key(c)

    def move(self, x, y):
        xtest.fake_input(self.d, X.MotionNotify, x=x, y=y); self.sync()

    def button(self, b, down):
        xtest.fake_input(self.d, X.ButtonPress if down else X.ButtonRelease, b); self.sync()

    def click(self, x, y, b=1):
        self.move(x, y); time.sleep(0.08); self.button(b, True); time.sleep(0.03); self.button(b, False); time.sleep(0.15)

    def ctrl(self, down):
        c = self.d.keysym_to_keycode(XK.string_to_keysym('Control_L'))
        xtest.fake_input(self.d, X.KeyPress if down else X.KeyRelease, c); self.sync(); time.sleep(0.15)

    def wheel(self, up=True):
        b = 4 if up else 5
        xtest.fake_input(self.d, X.ButtonPress, b); xtest.fake_input(self.d, X.ButtonRelease, b); self.sync()

    def watch(self, act, quiet=0.4, limit=60.0, region=CANVAS):
        """Run act; (seconds to the first changed pixel, seconds to the last change before `quiet` s of rest, loop ms)."""
        v = self.px[region]
        prev = v.copy()
        t0 = time.perf_counter()
        act()
        first = last = None
        n = 0
        while True:
            t = time.perf_counter()
            n += 1
            if not np.array_equal(v, prev):
                last = t - t0
                if first is None: first = last
                prev = v.copy()
            if (last is not None and t - t0 - last > quiet) or t - t0 > limit:
                return first, last, (t - t0) / n * 1000
            time.sleep(0.0005)

    def shot(self, path):
        import cv2
        cv2.imwrite(path, self.px.copy().view(np.uint8).reshape(H, W, 4)[:, :, :3])


class App:
    def __init__(self, s, tool):
        self.s, self.t, self.tool = s, TOOLS[tool], tool
        self.home = f'{BASE}/home/{tool}'

    def start(self, path=None, limit=300.0, want=None, quiet=1.0):
        """Start it; want: text the title must show before 'title' is timed. Returns the times."""
        shutil.rmtree(self.home, ignore_errors=True)
        if os.path.isdir(self.home + '.seed'): shutil.copytree(self.home + '.seed', self.home)
        os.makedirs(self.home, exist_ok=True)
        env = dict(os.environ, DISPLAY=DISP, HOME=self.home, QT_QPA_PLATFORM='xcb', LANG='C.UTF-8')
        env.pop('XDG_CONFIG_HOME', None)
        s, v, r = self.s, self.s.px[CANVAS], {}
        wait_quiet(WAIT)
        self.load = Load().__enter__()
        s.move(W - 3, H - 3)
        prev = s.px.copy()
        t0 = time.perf_counter()
        self.p = subprocess.Popen(self.t['cmd'](path), env=env, cwd=BASE, stdout=open(f'{BASE}/{self.tool}.log', 'w'),
                                  stderr=subprocess.STDOUT)
        last = 0.0
        while time.perf_counter() - t0 < limit and self.p.poll() is None:
            now = lambda: time.perf_counter() - t0
            if 'title' not in r or 'mapped' not in r:
                ts = [x for x in s.titles() if self.t['name'] in x]
                if ts and 'mapped' not in r: r['mapped'] = now()
                if want and any(want in x for x in ts) and 'title' not in r:
                    r['title'], r['title_text'] = now(), [x for x in ts if want in x][0]
            if want and 'mapped' in r and 'shown' not in r and (np.std(v & 0xff) > 15 and np.std((v >> 8) & 0xff) > 15):
                r['shown'] = now()                       # a photo's colours on the canvas
            if not np.array_equal(s.px, prev):
                last = now(); prev = s.px.copy()
            done = 'mapped' in r and (not want or ('title' in r and 'shown' in r))
            if done and now() - max(last, r['mapped']) > quiet and (last > r['mapped'] or now() - r['mapped'] > 3):
                break
            time.sleep(0.003)
        r['settled'] = last
        r['rss_mb'], r['peak_mb'] = self.rss()
        return r

    def tree(self):
        p = psutil.Process(self.p.pid)
        return [p] + p.children(recursive=True)

    def rss(self):
        peak = [int(l.split()[1]) / 1024 for l in open(f'/proc/{self.p.pid}/status') if l.startswith('VmHWM')][0]
        return round(sum(p.memory_info().rss for p in self.tree()) / 2**20, 1), round(peak, 1)

    def cpu(self, secs):
        f = lambda: sum(sum(p.cpu_times()[:2]) for p in self.tree())
        a, t = f(), time.perf_counter()
        time.sleep(secs)
        return round(100 * (f() - a) / (time.perf_counter() - t), 2)

    def rest(self, limit=120.0):
        """Wait until the program uses less than 3 % for 1 s; seconds waited."""
        t = time.perf_counter()
        while self.cpu(1.0) > 3 and time.perf_counter() - t < limit: pass
        return round(time.perf_counter() - t, 1)

    def stop(self):
        if getattr(self, 'load', None):
            self.load.__exit__(); LOADS.append(self.load.percent); self.load = None
        if self.p.poll() is None:
            self.p.terminate()
            try: self.p.wait(5)
            except subprocess.TimeoutExpired: self.p.kill(); self.p.wait()
        time.sleep(0.6)


LOADS, WAIT = [], 60      # percent of one core used by others in each start..stop; seconds to wait for a quiet machine


class Load:
    """CPU of the rest of the machine while a test runs, in percent of one core."""

    def __enter__(self):
        self.t = time.perf_counter(); self.a = self.foreign(); return self

    @staticmethod
    def foreign():
        me = psutil.Process(); mine = {me.pid} | {p.pid for p in me.children(recursive=True)}
        out = {}
        for p in psutil.process_iter():
            if p.pid not in mine:
                try: out[p.pid, p.create_time()] = sum(p.cpu_times()[:2])
                except psutil.Error: pass
        return out

    def __exit__(self, *e):
        b = self.foreign()
        self.percent = round(100 * sum(v - self.a.get(k, 0) for k, v in b.items()) / (time.perf_counter() - self.t), 1)


def wait_quiet(limit):
    """Wait until the rest of the machine uses under 20 % of a core for 2 s; False when `limit` s were not enough."""
    t = time.time()
    while True:
        with Load() as l: time.sleep(2)
        if l.percent < 20: return True
        if time.time() - t > limit: return False


def mmm(xs):
    xs = [x for x in xs if x is not None]
    return dict(min=round(min(xs), 4), median=round(statistics.median(xs), 4), max=round(max(xs), 4), n=len(xs)) if xs else None


def summary(rs):
    return {k: mmm([r.get(k) for r in rs]) for k in ('mapped', 'title', 'shown', 'settled', 'rss_mb', 'peak_mb', 'rest_s')
            if any(r.get(k) is not None for r in rs)} | {'title_text': rs[0].get('title_text')}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('tool', choices=TOOLS); ap.add_argument('tests', nargs='*'); ap.add_argument('--runs', type=int, default=3)
    a = ap.parse_args()
    tests = a.tests or 'empty folder many next next20k next12mp big idle size shot'.split()
    s, out = Screen(), {'load_before': os.getloadavg()}
    app = App(s, a.tool)
    clean = lambda: [os.remove(os.path.join(d, f)) for d in (BASE + '/photos', BASE + '/many', BASE + '/bigdir', BASE + '/mp12')
                     for f in os.listdir(d) if f.endswith('.json')]
    wipe = clean      # labels of other tools, and Saysee's
    clean = lambda: (wipe(), [shutil.rmtree(f'{BASE}/{d}/.saysee', True) for d in ('photos', 'many', 'bigdir', 'mp12', 'big')])
    try:
        if not os.path.isdir(app.home + '.seed'):            # one start first: settings file, font cache
            app.start(quiet=2.0); app.stop(); shutil.copytree(app.home, app.home + '.seed')
        for test, path, want in (('empty', None, None), ('folder', BASE + '/photos', '[1/2000]'), ('many', BASE + '/many', '[1/20000]')):
            if test in tests:
                rs = []
                for _ in range(a.runs):
                    clean(); r = app.start(path, want=want); r['rest_s'] = app.rest(); rs.append(r)
                    r['rss_rest'] = app.rss()[0]
                    app.stop()
                out[test] = summary(rs) | {'rss_rest': mmm([r['rss_rest'] for r in rs])}
                out[test]['other_cpu_percent'] = LOADS[-a.runs:]; print(test, json.dumps(out[test]), flush=True)
        for test, path, want in (('next', BASE + '/photos', '[1/2000]'), ('next20k', BASE + '/many', '[1/20000]'),
                                 ('next12mp', BASE + '/mp12', '[1/25]')):
            if test in tests:
                runs = []
                for _ in range(a.runs):
                    clean(); app.start(path, want=want); app.rest(20); s.click(620, 450); time.sleep(0.5)
                    pr = []
                    for _ in range(20):
                        pr.append(s.watch(lambda: s.key('d'), quiet=0.35, limit=10)); time.sleep(0.15)
                    runs.append(pr); title = s.titles(); app.stop()
                ok = [[p for p in r if p[0] is not None] for r in runs]
                out[test] = dict(first_change_median_per_run=mmm([statistics.median(p[0] for p in r) for r in ok]),
                                 settled_median_per_run=mmm([statistics.median(p[1] for p in r) for r in ok]),
                                 settled_all=mmm([p[1] for r in ok for p in r]), missed=sum(len(r) for r in runs) - sum(len(r) for r in ok),
                                 loop_ms=mmm([p[2] for r in runs for p in r]), title_after=title)
                out[test]['other_cpu_percent'] = LOADS[-a.runs:]; print(test, json.dumps(out[test]), flush=True)
        if 'big' in tests:
            arg, rs, zs, zo = [], [], [], []
            for _ in range(a.runs):
                clean(); r = app.start(BASE + '/big/big24.jpg', want='big24'); arg.append(r); app.stop()
            out['big_as_argument'] = summary(arg)
            out['big_as_argument']['other_cpu_percent'] = LOADS[-a.runs:]; print('big_as_argument', json.dumps(out['big_as_argument']), flush=True)
            for _ in range(a.runs):
                clean(); app.start(BASE + '/bigdir', want='[1/3]'); app.rest(20); s.click(620, 450); time.sleep(0.5)
                f, l, ms = s.watch(lambda: s.key('d'), quiet=1.0, limit=30)
                title = s.titles(); r = app.rss()
                rs.append(dict(first=f, settled=l, rss=r[0], peak=r[1]))
                app.rest(20); s.move(620, 450); time.sleep(0.3)
                if app.t['zoom_ctrl']: s.ctrl(True)               # Ctrl is held; the clock starts at the wheel step
                for i in range(6):                                # six steps in, then three out
                    zs.append(s.watch(lambda: s.wheel(True), quiet=0.4, limit=4)); time.sleep(0.2)
                rz = app.rss()
                for i in range(3):
                    zo.append(s.watch(lambda: s.wheel(False), quiet=0.4, limit=4)); time.sleep(0.2)
                if app.t['zoom_ctrl']: s.ctrl(False)
                rs[-1]['rss_zoomed'] = rz[0]; rs[-1]['peak_zoomed'] = rz[1]
                s.shot(f'{BASE}/{a.tool}_big_zoom.png'); app.stop()
            out['big_key_d'] = {k: mmm([r[k] for r in rs]) for k in rs[0]} | {'title_after': title}
            out['zoom_in'] = dict(first=mmm([z[0] for z in zs]), settled=mmm([z[1] for z in zs]), missed=sum(z[0] is None for z in zs))
            out['zoom_out'] = dict(first=mmm([z[0] for z in zo]), settled=mmm([z[1] for z in zo]), missed=sum(z[0] is None for z in zo))
            out['big_key_d']['other_cpu_percent'] = LOADS[-a.runs:]
            for k in ('big_key_d', 'zoom_in', 'zoom_out'): print(k, json.dumps(out[k]), flush=True)
        if 'idle' in tests:
            xs = []
            for _ in range(a.runs):
                clean(); app.start(BASE + '/photos', want='[1/2000]'); app.rest(); xs.append(app.cpu(20.0)); app.stop()
            out['idle_cpu_percent'] = mmm(xs); print('idle', xs, flush=True)
        if 'size' in tests:
            out['venv_mb'] = int(subprocess.check_output(['du', '-sm', app.t['venv']]).split()[0]); print('size', out['venv_mb'])
        if 'shot' in tests:
            clean(); app.start(BASE + '/photos', want='[1/2000]'); app.rest(); s.shot(f'{BASE}/{a.tool}.png'); app.stop()
    finally:
        try: app.stop()
        except Exception: pass
        s.close()
    out['load_after'] = os.getloadavg()
    f = f'{BASE}/result_{a.tool}.json'
    old = json.load(open(f)) if os.path.exists(f) else {}
    json.dump(old | out, open(f, 'w'), indent=1)


if __name__ == '__main__':
    main()
