"""Walks a mounted view as whoever runs this: a line per file, "STATUS PATH", where STATUS is ok or an errno's name; then a line "BAD CAUSE PATH" for what no output may have.
Arguments: the mount point, then paths whose contents are others' (not looked at for addresses), as regular expressions."""
import errno, json, os, re, sys

root, foreign = sys.argv[1], [re.compile(p) for p in sys.argv[2:]]
WORD = re.compile(rb"(?<![0-9a-zA-Z])(?:0x)?(ffff[0-9a-f]{12})(?![0-9a-zA-Z])|(?<![0-9a-zA-Z.])(1844[67][0-9]{15})(?![0-9a-zA-Z.])", re.I)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def is_address(value):
    # The last 16 MiB hold nothing that moves (errno, -1); ones followed by zeros are a mask.
    inverse = value ^ (2**64 - 1)
    return 0xffff800000000000 <= value < 0xffffffffff000000 and inverse & (inverse + 1) != 0


def causes(path, data):
    try:
        if CONTROL.search(data.decode()):
            yield "control"
    except UnicodeDecodeError:
        yield "utf8"
    if path.endswith(("json", ".json")):
        try:
            json.loads(data)
        except ValueError:
            yield "json"
    if not any(f.fullmatch(path) for f in foreign):
        for found in WORD.finditer(data):
            if is_address(int(found[1], 16) if found[1] else int(found[2])) and found[1] not in tags:
                yield f"address:{found[0].decode()}"


def refused(error):
    print(errno.errorcode.get(error.errno, error.errno), os.path.relpath(error.filename, root))


tags = {p["tag"].encode() for p in json.load(open(f"{root}/progs.json")) if "tag" in p}
for at, directories, files in os.walk(root, onerror=refused):
    for name in files:
        path = os.path.relpath(os.path.join(at, name), root)
        if os.path.islink(f"{root}/{path}"):
            continue
        try:
            with open(f"{root}/{path}", "rb") as file:
                data = file.read()
        except OSError as e:
            print(errno.errorcode.get(e.errno, e.errno), path)
            continue
        print("ok", path)
        for cause in causes(path, data):
            print("BAD", cause, path)
