"""Makes the compressed files: zeros for bombs, and a model that is compressed. Any Python 3."""

import bz2
import gzip
import lzma
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, data):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(data)


write("zeros.gz", gzip.compress(bytes(1 << 20), 9, mtime=0))
write("zeros.xz", lzma.compress(bytes(1 << 23)))
write("zeros.bz2", bz2.compress(bytes(100 << 20)))
with open(os.path.join(HERE, "../xgboost/3.4.1/reg-gamma.json"), "rb") as file:
    write("reg-gamma.json.gz", gzip.compress(file.read(), 9, mtime=0))
