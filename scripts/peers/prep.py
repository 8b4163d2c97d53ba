"""Make the photos that measure.py opens, from at least 2,000 of any under $PEERS/raw: 2,000 and 20,000 small ones, 25 of
12 megapixels, one of 24.   $PEERS/drv/bin/python prep.py"""
import os
BASE = os.environ.get('PEERS') or os.path.expanduser('~/.cache/peers')
import os, glob
raw = sorted(glob.glob(BASE + '/raw/**/*.jpg', recursive=True), key=os.path.getsize, reverse=True)[:2000]
raw.sort()
os.makedirs(BASE + '/photos', exist_ok=True); os.makedirs(BASE + '/many', exist_ok=True)
for p in raw:
    d = BASE + '/photos/' + os.path.basename(p)
    if not os.path.exists(d): os.link(p, d)
for k in range(10):
    for p in raw:
        d = BASE + '/many/%02d_%s' % (k, os.path.basename(p))
        if not os.path.exists(d): os.link(p, d)
print(len(raw), min(map(os.path.getsize, raw)))
import cv2, numpy as np
# 6000x4000 mosaic of 12x10 photos each 500x400
rows=[]
srcs = sorted(raw, key=os.path.getsize, reverse=True)[:120]
for r in range(10):
    rows.append(np.hstack([cv2.resize(cv2.imread(srcs[r*12+c]), (500,400), interpolation=cv2.INTER_CUBIC) for c in range(12)]))
im=np.vstack(rows); print(im.shape)
os.makedirs(BASE + '/big', exist_ok=True)
cv2.imwrite(BASE + '/big/big24.jpg', im, [cv2.IMWRITE_JPEG_QUALITY, 92]); print(os.path.getsize(BASE + '/big/big24.jpg'))
# 25 photos of 12 megapixels (4000x3000), for 'next image' on camera-sized photos
os.makedirs(BASE + '/mp12', exist_ok=True)
for i in range(25):
    ps = srcs[i*4:i*4+4]
    t = [cv2.resize(cv2.imread(p), (2000,1500), interpolation=cv2.INTER_CUBIC) for p in ps]
    cv2.imwrite(BASE + '/mp12/%02d.jpg' % i, np.vstack([np.hstack(t[:2]), np.hstack(t[2:])]), [cv2.IMWRITE_JPEG_QUALITY, 90])
# The photo of 24 megapixels among others, to be reached with a key.
os.makedirs(BASE + '/bigdir', exist_ok=True)
for name, src in (('a.jpg', raw[0]), ('big24.jpg', BASE + '/big/big24.jpg'), ('z.jpg', raw[-1])):
    if not os.path.exists(BASE + '/bigdir/' + name): os.link(src, BASE + '/bigdir/' + name)
