"""Makes small files that ask for much: see README.md. Needs Python alone."""

import bz2
import gzip
import lzma
import os
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
XGBOOST = os.path.join(HERE, "..", "xgboost")


def write(name, data):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(data)


def packed(name, data):
    write(name + ".xz", lzma.compress(data, preset=1))


def compression():
    zeros = bytes(1 << 20)
    for name, packer in [
        ("zeros.gz", zlib.compressobj(9, wbits=31)), ("zeros.zlib", zlib.compressobj(9)),
        ("zeros.bz2", bz2.BZ2Compressor()), ("zeros.xz", lzma.LZMACompressor(preset=0)),
        ("zeros.lzma", lzma.LZMACompressor(lzma.FORMAT_ALONE, preset=0)),
    ]:
        data = b"".join(packer.compress(zeros) for _ in range(90))
        write(name, data + packer.flush())
    # A dictionary that takes 1.5 GB to unpack with.
    filters = [dict(id=lzma.FILTER_LZMA2, preset=0, dict_size=4096)]
    small = bytearray(lzma.compress(b"{}", format=lzma.FORMAT_XZ, filters=filters, check=lzma.CHECK_NONE))
    write("dictionary.lzma", b"\x5d" + struct.pack("<IQ", 1536 << 20, 1 << 40) + bytes(64))
    write("cut.xz", bytes(small[:-8]))
    write("nested.gz", gzip.compress(gzip.compress(gzip.compress(zeros, mtime=0), mtime=0), mtime=0))


def json():
    packed("deep.json", b"{" + b'"learner":{' * 2_000_000)
    packed("deep-lists.json", b'{"learner":' + b"[" * 20_000_000)
    packed("long-text.json", b'{"learner":{"attributes":{"a":"' + b"x" * 10_000_000 + b'"}}}')
    packed("many-trees.json", b'{"learner":{"gradient_booster":{"model":{"trees":['
           + b",".join([b"{}"] * 4_000_000) + b"]}}}}")
    packed("many-names.json", b'{"learner":{"feature_names":[' + b",".join([b'""'] * 2_000_000) + b"]}}")
    packed("many-numbers.json", b'{"learner":{"gradient_booster":{"model":{"tree_info":['
           + b",".join([b"0"] * 4_000_000) + b"]}}}}")
    packed("dump.json", b'{"name":"tree","version":"v4","num_tree_per_iteration":1,"tree_info":['
           + b'{"tree_structure":' + b'{"left_child":' * 3_000_000)
    packed("catboost.json", b'{"oblivious_trees":[' + b",".join([b'{"leaf_values":[0]}'] * 100_000))


def ubjson():
    def key(text):
        return b"L" + struct.pack(">q", len(text)) + text

    for name, count in [("count", (1 << 62)), ("gigabytes", 2_000_000_000), ("negative", -1)]:
        number = struct.pack(">q", count)
        write("ubj-%s-numbers.ubj" % name, b"{" + key(b"learner") + b"[$d#L" + number)
        write("ubj-%s-elements.ubj" % name, b"{" + key(b"learner") + b"[#L" + number)
        write("ubj-%s-text.ubj" % name, b"{" + key(b"version") + b"SL" + number)
        write("ubj-%s-key.ubj" % name, b"{L" + number)
    packed("ubj-deep.ubj", b"{" + (key(b"learner") + b"{") * 500_000)
    packed("ubj-lists.ubj", b"{" + key(b"learner") + b"[" * 20_000_000)
    # Elements without bytes.
    write("ubj-nulls.ubj", b"{" + key(b"learner") + b"[$Z#L" + struct.pack(">q", 1 << 40))
    packed("ubj-empty.ubj", b"{" + key(b"learner") + b"[" + b"{}" * 10_000_000)


def binary():
    with open(os.path.join(XGBOOST, "0.90", "old-logistic.bin"), "rb") as file:
        data = file.read()
    def replaced(offset, value):
        return data[:offset] + struct.pack("<i", value) + data[offset + 4:]

    for offset in range(136, min(len(data), 700), 4):
        found = struct.unpack_from("<i", data, offset)[0]
        # At 688 nothing counts.
        if 0 < found < 64 and offset != 688:
            write("xgboost-%d.bin" % offset, replaced(offset, 0x7FFFFFFF))
    write("xgboost-features.bin", replaced(4, 0x7FFFFFFF))
    write("xgboost-classes.bin", replaced(8, 0x7FFFFFFF))


def lightgbm():
    head = b"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=%d\nmax_feature_idx=%d\nfeature_names=a\n\n"
    tree = (b"Tree=0\nnum_leaves=%d\nsplit_feature=0\nthreshold=0\ndecision_type=0\n"
            b"left_child=-1\nright_child=-2\nleaf_value=0 1\n\nend of trees\n")
    write("lightgbm-features.txt", head % (1, 2147483646) + tree % 2)
    write("lightgbm-leaves.txt", head % (1, 0) + tree % 2147483647)
    write("lightgbm-outputs.txt", head % (1 << 40, 0) + tree % 2)
    packed("lightgbm-empty-trees.txt", head % (1, 0) + b"Tree=0\nnum_leaves=1\nleaf_value=0\n" * 1_000_000)
    packed("lightgbm-lines.txt", head % (1, 0) + b"\n" * 4_000_000)
    packed("lightgbm-values.txt", head % (1, 0) + b"Tree=0\nleaf_value=" + b"0 " * 6_000_000)
    packed("lightgbm-names.txt", b"tree\nfeature_names=" + b"a " * 6_000_000)


def pickles():
    for name, code in [
        ("bytes8", b"\x8e"), ("text8", b"\x8d"), ("bytearray8", b"\x96"),
    ]:
        for size in [2_000_000_000, (1 << 63) - 1]:
            write("pickle-%s-%x.pkl" % (name, size), b"\x80\x05" + code + struct.pack("<Q", size) + b"x.")
    write("pickle-text4.pkl", b"\x80\x04X" + struct.pack("<I", 2_000_000_000) + b"x.")
    write("pickle-put.pkl", b"\x80\x04Nr" + struct.pack("<I", 0xFFFFFFF0) + b".")
    write("pickle-frame.pkl", b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.")
    write("pickle-long4.pkl", b"\x80\x04\x8b" + struct.pack("<i", 2_000_000_000) + b"\x01.")
    packed("pickle-dup.pkl", b"\x80\x04]" + b"2" * 6_000_000 + b".")
    packed("pickle-memo.pkl", b"\x80\x04" + b"]\x94" * 2_000_000 + b".")
    packed("pickle-marks.pkl", b"\x80\x04" + b"(" * 8_000_000 + b".")
    packed("pickle-nested.pkl", b"\x80\x04" + b"]" * 3_000_000 + b"a" * 2_999_999 + b".")
    packed("pickle-tuples.pkl", b"\x80\x04)" + b"\x86" * 10_000_000 + b".")
    # Each list holds the one before twice.
    write("pickle-laughs.pkl", b"\x80\x04]" + b"".join(
        b"\x94]h" + bytes([n]) + b"ah" + bytes([n]) + b"a" for n in range(200)) + b".")
    write("pickle-system.pkl", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x09touch /x\x85R.")
    write("pickle-eval.pkl", b"cbuiltins\neval\n(S'1+1'\ntR.")
    write("pickle-getattr.pkl", b"cbuiltins\ngetattr\n(cos\nsystem\nS'x'\ntR.")
    write("pickle-ndarray.pkl", b"\x80\x04cnumpy.core.multiarray\n_reconstruct\n"
          b"cnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01\x8a\x05\x00\x00\x00\x00\x01\x85"
          b"cnumpy\ndtype\n\x8c\x02f8\x89\x88\x87RJ\xff\xff\xff\xff\x89C\x00tb.")


def protobuf():
    def varint(value):
        data = b""
        while value > 127:
            data += bytes([value & 127 | 128])
            value >>= 7
        return data + bytes([value])

    def field(number, data):
        return varint(number << 3 | 2) + varint(len(data)) + data

    start = b"\x08\x08" + field(2, b"skl2onnx")
    write("onnx-length.onnx", start + varint(7 << 3 | 2) + varint((1 << 63) - 1))
    write("onnx-gigabytes.onnx", start + varint(7 << 3 | 2) + varint(2_000_000_000))
    packed("onnx-nodes.onnx", start + field(7, field(1, b"") * 3_000_000))
    packed("onnx-attributes.onnx", start + field(7, field(1, field(4, b"TreeEnsembleRegressor")
           + field(5, b"") * 3_000_000)))
    packed("onnx-packed.onnx", start + field(7, field(1, field(4, b"TreeEnsembleRegressor")
           + field(5, field(1, b"nodes_treeids") + field(8, bytes(30_000_000))))))
    packed("onnx-inputs.onnx", start + field(7, field(11, b"") * 3_000_000))
    deep = b""
    for _ in range(3000):
        deep = field(7, field(1, field(5, field(6, deep))))
    write("onnx-deep.onnx", start + deep)
    packed("onnx-tensor.onnx", start + field(7, field(5, field(1, varint(1 << 40)) + field(9, bytes(30_000_000)))))


def flatbuffers():
    def root(vector):
        # The root's list of fields with the trees at 1, the trees' with one vector.
        body = bytearray(struct.pack("<I", 16) + struct.pack("<HHHHHH", 8, 8, 0, 4, 0, 0))
        return body + struct.pack("<ii", 12, 8) + vector

    core = root(struct.pack("<HHHHHHI", 12, 8, 0, 4, 0, 0, 0) + struct.pack("<iI", 12, 4)
                + struct.pack("<I", 0x7FFFFFFF))
    write("catboost-vector.cbm", b"CBM1" + struct.pack("<I", len(core)) + bytes(core))
    write("catboost-length.cbm", b"CBM1" + struct.pack("<I", 0xFFFFFFFF) + bytes(core))
    write("catboost-root.cbm", b"CBM1" + struct.pack("<II", 8, 0xFFFFFFF0) + bytes(4))
    packed("catboost-zeros.cbm", b"CBM1" + struct.pack("<I", 60_000_000) + bytes(60_000_000))
    packed("catboost-ones.cbm", b"CBM1" + struct.pack("<I", 60_000_000) + b"\x01\x00\x00\x00" * 15_000_000)


if __name__ == "__main__":
    for part in [compression, json, ubjson, binary, lightgbm, pickles, protobuf, flatbuffers]:
        part()
