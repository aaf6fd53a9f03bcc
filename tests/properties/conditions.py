"""Conditions, batches and values to compare, made by hypothesis."""

from typing import cast

from hypothesis import strategies as st

from schemas.types.syscalls import Container
from streams.detection.fields import FIELDS, Field
from streams.detection.networks import MEMBERSHIP
from streams.detection.operators import ALLOWED, ORDER
from streams.detection.syntax import (
    LIST_OPERATORS,
    MODIFIERS,
    And,
    Call,
    Check,
    Condition,
    FieldTerm,
    Literal,
    Macro,
    Not,
    Or,
    Series,
    Term,
    TermCheck,
    Word,
)
from tests.synthetic import NONE, SECOND, TIME, Proc
from tests.synthetic import Call as Event

TYPES = (
    *("open", "openat", "openat2", "creat", "execve", "clone", "setns", "unshare", "procexit", "mkdir"),
    *("connect", "bind", "listen", "accept", "sendto", "recvfrom", "dup2", "fchmod", "socket", "memfd_create"),
    "fchdir",
    *("rename", "link", "symlink", "unlinkat", "mount", "setuid", "ptrace", "kill", "bpf", "userfaultfd"),
)
ENDS = ("", "c", "s", "l", "r")
ADDRESS_TEXTS = ["10.0.0.1", "10.9.0.2", "0.0.0.0", "::1", "0:0:0:0:0:0:0:1", "::"]
NETWORK_TEXTS = ["10.0.0.0/8", "10.0.0.1", "10.9.0.77/16", "0.0.0.0/0", "::/0", "::1", "fe80::/10"]
TEXTS = {
    "evt.type": [*TYPES, "open,", "fork"],
    "evt.dir": ["<", ">"],
    "evt.res": ["SUCCESS", "ENOENT", "E"],
    "evt.time": ["08:00:00.000000000", "08:00:00.000000001"],
    "evt.arg.flags": ["O_RDONLY", "O_CREAT", "CLONE_NEWNS", "0", "O_DIRECTORY|O_RDONLY"],
    "evt.arg.nstype": ["CLONE_NEWNS", "0"],
    "evt.arg.mode": ["S_IXUSR", "0", "S_IROTH|S_IRGRP|S_IWUSR|S_IRUSR"],
    "evt.arg.res": ["0", "ENOENT", "EINPROGRESS", "3"],
    "evt.arg.uid": ["root", "www", "1", "16"],
    "evt.arg.request": ["PTRACE_ATTACH", "PTRACE_TRACEME", "9"],
    "evt.arg.sig": ["SIGKILL", "SIGINT", "0"],
    "evt.arg.cmd": ["BPF_MAP_CREATE", "BPF_PROG_QUERY"],
    "evt.arg.domain": ["AF_INET", "AF_NETLINK", "AF_INET6"],
    "evt.arg.type": ["0", "1", "3"],
    "evt.arg.addr": ["10.0.0.1:1", "/tmp", "::1:100", "10.9.0.2:2"],
    "evt.arg.tuple": ["10.0.0.1:1->10.9.0.2:2", "0.0.0.0:0->10.9.0.2:100", "/tmp"],
    "evt.arg.data": ["GET", "bash", "\udcca"],
    "evt.buffer": ["GET", "bash", "\udcca"],
    "fd.type": ["file", "directory", "ipv4", "ipv6", "unix", "memfd", "pipe"],
    "fd.typechar": ["f", "d", "4", "6", "u", "m"],
    "fd.l4proto": ["tcp", "udp", "icmp", "raw"],
    "fd.sockfamily": ["ip", "unix"],
    **{f"fd.{end}ip": ADDRESS_TEXTS for end in ENDS},
    **{f"fd.{end}net": NETWORK_TEXTS for end in ENDS},
    "thread.": ["CAP_SYS_ADMIN", "CAP_CHOWN CAP_CHECKPOINT_RESTORE", ""],
    "user.name": ["root", "www"],
    "container.": ["host", "box", "podman", "aaaaaaaaaaaa", "localhost/x", "1", "h:5000/y", "2", "bbbbbbbbbbbb box"],
    "k8s.": ["pod", "default"],
    "proc.args": ["-c a b", "", "/etc/shadow", "of", "-c", "\udcfe"],
    "proc.": [
        "bash",
        "sh",
        "cat",
        "",
        "é",
        "\udcff\udcfe",
        "cat /etc/shadow",
        "/bin/sh",
        "x",
        "/usr/bin/bash",
        "bash -c a b",
    ],
    "": [
        "/etc/shadow",
        "/etc",
        "/",
        "shadow",
        "../etc//shadow",
        "/etc/etc/shadow",
        "/ETC/Shadow",
        "a\udcff",
        "/tmp",
        "/tmp/a\udcff",
    ],
}
ODD = ("it's", 'say "x"', "a\\b", "in", "or", "tab\t", "x:1", "a=b", "(x)")
NUMBERS = {
    "evt.num": ["0", "1", "2", "3", "0x10", "18446744073709551615"],
    "evt.rawtime": ["1800000000000000000", "1800000000000000001", "1800000001000000000"],
    "evt.rawres": ["0", "3", "-2", "-13", "100"],
    "evt.arg.fd": ["-1", "0", "3"],
    "fd.num": ["-1", "0", "3"],
    "proc.duration": ["0", "1", "5000000000", "1000000000"],
    "proc.tty": ["0", "34816", "4294967295"],
    "": ["0", "1", "2", "3", "100", "-1", "4294967295", "99999999999999999999"],
}
FAMILIES = (
    "evt.arg",
    "evt.is_",
    "evt.",
    "fd.",
    "fd.",
    "fd.",
    "fs.",
    "group.",
    "proc.a",
    "proc.",
    "thread.",
    "user.",
    "container.",
    "k8s.",
)
GLOBS = ("*", "/etc/*", "*sh*", "?", "[a-c]*", "*[!a-z]", "/ETC/sh*")
REGEXES = (".*", "/etc/.*", "[a-z]+", "(ba)?sh", "a.b")
LISTS = {"shells": ["bash", "sh"], "places": ["/etc/shadow", "/tmp"], "nothing": [], "numbers": ["1", "2", "34816"]}
UNSURE = {"evt.time.iso8601", "evt.args", "proc.sname", "proc.sid.exe", "proc.sid.exepath"}
"""Fields that the oracle does not have, or cannot tell from one call."""
SAFE_FIELDS = sorted(name for name, field in FIELDS.items() if name not in UNSURE and not field.needs_index)

BYTES = st.sampled_from(
    [b"", b"bash", b"sh", b"cat", b"/etc/shadow", b"\xff\xfe", "é".encode(), b"a b", b"/usr/bin/bash"]
)
PATHS = st.sampled_from(
    [b"", b"/etc/shadow", b"shadow", b"../etc//shadow", b"/", b"/etc/", b"/tmp/x/../..", b"a\xff", b".", b"/ETC/Shadow"]
)
CONTAINERS = st.builds(
    Container,
    id=st.sampled_from(["a" * 64, "b" * 64]),
    runtime=st.sampled_from(["podman", "unknown"]),
    name=st.sampled_from([None, "box"]),
    image=st.sampled_from([None, "localhost/x:1", "h:5000/y", "z@sha256:00", "h:5000/y:2@sha256:00"]),
    privileged=st.sampled_from([None, True, False]),
    pod_name=st.sampled_from([None, "pod"]),
    pod_namespace=st.sampled_from([None, "default"]),
)


def processes(depth: int = 3) -> st.SearchStrategy[Proc]:
    return st.builds(
        Proc,
        pid=st.integers(1, 4),
        vpid=st.integers(0, 2),
        ppid=st.integers(0, 3),
        sid=st.integers(0, 3),
        start=st.sampled_from([0, TIME, TIME - 5 * SECOND]),
        uid=st.sampled_from([0, 1, NONE]),
        gid=st.sampled_from([0, 1, NONE]),
        loginuid=st.sampled_from([0, 100, NONE]),
        tty=st.sampled_from([0, 34816, NONE]),
        cap_permitted=st.sampled_from([0, 1 << 21, (1 << 0) | (1 << 40)]),
        cap_effective=st.sampled_from([0, 1 << 21 | 1 << 5]),
        name=BYTES,
        exepath=BYTES,
        args=st.sampled_from(
            [b"", b"sh\0", b"sh\0-c\0a b\0", b"/bin/sh\0\0", b"x\0/etc/shadow\0", b"cut\0of", b"\xff\0\xfe\0"]
        ),
        cwd=PATHS,
        user=st.sampled_from([b"", b"root", b"www"]),
        group=st.sampled_from([b"", b"adm"]),
        login=st.sampled_from([b"", b"www"]),
        env=st.sampled_from([b"", b"A=1\0", b"A=\0B=x y\0C\0", b"HTTP_PROXY=bash\0"]),
        pgid=st.integers(0, 3),
        vpgid=st.integers(0, 2),
        exe_ino=st.integers(0, 2),
        exe_ctime=st.sampled_from([0, TIME - SECOND]),
        exe_mtime=st.sampled_from([0, TIME - SECOND]),
        exe_flags=st.sampled_from([0, 1, 3, 33, 37, 43]),
        known=st.integers(0, 1),
        container=st.none() | CONTAINERS,
        parent=st.none() if depth == 0 else st.none() | st.deferred(lambda: processes(depth - 1)),
    )


ADDRESSES = st.sampled_from(
    [
        *(b"", bytes(4), bytes([10, 0, 0, 1]), bytes([10, 9, 0, 2]), bytes(16), bytes(15) + b"\1", b"odd"),
        *(b"\xfe\x80" + b"\1" * 14, bytes(10) + b"\xff\xff" + bytes([10, 0, 0, 1])),
    ]
)

CALLS = st.builds(
    Event,
    type=st.sampled_from(TYPES),
    process=processes(),
    number=st.sampled_from([0, 1, 2, 3, 16, (1 << 64) - 1]),
    time=st.sampled_from([TIME, TIME + 1, TIME + SECOND]),
    thread=st.integers(1, 3),
    result=st.sampled_from([0, 3, -2, -13, -115, 100]),
    fd=st.sampled_from([-1, 0, 3]),
    flags=st.sampled_from([0, 1, 2, 3, 0o100, 0o101, 0o1102, 0o200000, 0o10000000, 0x20000, 0x10000000]),
    mode=st.sampled_from([0, 0o644, 0o755]),
    path=PATHS,
    directory=st.sampled_from([b"", b"/etc", b"/", b".../deep", b"/tmp"]),
    path2=PATHS,
    directory2=st.sampled_from([b"", b"/etc", b"/tmp"]),
    argument=st.sampled_from([0, 2, 9, 10, 16]),
    target=st.sampled_from([0, 1, 100]),
    file=st.sampled_from([b"", b"/etc/shadow", b"/tmp", b"/", b"/memfd:a (deleted)"]),
    file_kind=st.sampled_from([0, 1, 2, 4, 8, 12]),
    family=st.sampled_from([0, 0, 1, 2, 10, 16]),
    protocol=st.sampled_from([0, 1, 6, 17]),
    local_address=ADDRESSES,
    local_port=st.sampled_from([0, 1, 100]),
    remote_address=ADDRESSES,
    remote_port=st.sampled_from([0, 2, 100]),
    count=st.sampled_from([1, 1, 2, 100]),
    socket_flags=st.sampled_from([0, 1, 3, 5, 7]),
    data=st.sampled_from([b"", b"\xca\xfe\xba\xbe\0", b"GET /", b"bash"]),
)


@st.composite
def checks(draw: st.DrawFn) -> Check:
    family = draw(st.sampled_from(FAMILIES))
    field = FIELDS[draw(st.sampled_from([name for name in SAFE_FIELDS if name.startswith(family)]))]
    operator = draw(st.sampled_from([*ALLOWED[field.type], "=="]))
    argument = str(draw(st.integers(0, 3))) if field.indexed and draw(st.booleans()) else None
    if operator == "exists":
        return Check(field.name, argument, operator)
    if field.type == "string" and operator not in (*LIST_OPERATORS, *ORDER) and draw(st.booleans()):
        texts = draw(st.lists(words(field, operator), max_size=3, unique_by=lambda word: word.value))
        return Check(field.name, argument, f"{operator} {draw(st.sampled_from(MODIFIERS))}", tuple(texts))
    many = operator in LIST_OPERATORS
    values = draw(st.lists(words(field, operator), min_size=0 if many else 1, max_size=3 if many else 1))
    return Check(field.name, argument, operator, tuple(values))


TERM_TEXTS = ("bash", "BASH", "sh", "cat", "", "/ETC/SHADOW", "shadow", "root", "é", "m\udcab", "bash-sh", "O_RDONLY")
STRINGS = [name for name in SAFE_FIELDS if FIELDS[name].type == "string"]
MANY = [name for name in STRINGS if FIELDS[name].many]
SINGLE = [name for name in STRINGS if FIELDS[name].indexed or not FIELDS[name].many]
UNARY = ("tolower", "toupper", "basename", "b64")
OPEN_OPERATORS = tuple(o for o in ALLOWED["string"] if o not in ("exists", "glob", "iglob", "regex", "pmatch"))


@st.composite
def field_terms(draw: st.DrawFn, names: list[str], *, single: bool = False) -> FieldTerm:
    family = draw(st.sampled_from([f for f in FAMILIES if any(name.startswith(f) for name in names)]))
    field = FIELDS[draw(st.sampled_from([name for name in names if name.startswith(family)]))]
    indexed = field.indexed and (draw(st.booleans()) or (single and field.many))
    return FieldTerm(field.name, str(draw(st.integers(0, 3))) if indexed else None)


def single_terms(depth: int = 2) -> st.SearchStrategy[Term]:
    """Return strings: fields, and what transformers make of them."""
    plain: st.SearchStrategy[Term] = field_terms(SINGLE, single=True)
    return plain if depth == 0 else plain | single_calls(depth - 1)


def single_calls(depth: int = 1) -> st.SearchStrategy[Call]:
    inner = single_terms(depth)
    texts = inner | st.sampled_from([*TERM_TEXTS, *ODD]).map(Literal)
    listed = st.lists(texts, min_size=1, max_size=3).map(lambda parts: Series(tuple(parts)))
    return (
        st.builds(lambda name, part: Call(name, (part,)), st.sampled_from(UNARY), inner)
        | st.builds(lambda between, part: Call("join", (between, part)), texts, listed | many_terms())
        | st.lists(texts, min_size=2, max_size=3).map(lambda parts: Call("concat", tuple(parts)))
    )


def many_terms() -> st.SearchStrategy[Term]:
    plain: st.SearchStrategy[Term] = st.sampled_from(MANY).map(FieldTerm)
    return plain | st.builds(lambda name, part: Call(name, (part,)), st.sampled_from(UNARY), plain)


def string_calls() -> st.SearchStrategy[Call]:
    return single_calls() | many_terms().filter(lambda term: isinstance(term, Call)).map(lambda term: cast(Call, term))


@st.composite
def term_checks(draw: st.DrawFn) -> TermCheck:
    if draw(st.booleans()):
        length = Call("len", (draw(single_terms() | many_terms()),))
        if draw(st.booleans()):
            return TermCheck(
                length, draw(st.sampled_from(["=", "<", ">=", "!="])), (Word(draw(st.sampled_from("0134"))),)
            )
        numbers = [name for name in SAFE_FIELDS if FIELDS[name].type == "number"]
        other = draw(field_terms(numbers))
        operator = draw(st.sampled_from(["=", "<", ">=", "in"]))
        return TermCheck(length, operator, (), other) if draw(st.booleans()) else TermCheck(other, operator, (), length)
    operator = draw(st.sampled_from(OPEN_OPERATORS))
    if draw(st.booleans()):
        left = draw(field_terms(STRINGS) | string_calls())
        return TermCheck(left, operator, (), draw(field_terms(STRINGS) | string_calls()))
    count = 2 if operator in LIST_OPERATORS else 1
    texts = draw(st.lists(st.sampled_from([*TERM_TEXTS, *ODD]), min_size=count, max_size=count))
    return TermCheck(draw(string_calls()), operator, tuple(Word(text, True) for text in texts))


def words(field: Field, operator: str) -> st.SearchStrategy[Word]:
    """Return values that the field may have in the tests' calls, and some that it cannot."""
    match field.type, operator:
        case "flag", _:
            return st.sampled_from(["true", "false"]).map(Word)
        case "number", _:
            plain = st.sampled_from(of_field(NUMBERS, field)).map(Word)
            return plain | st.just(Word("numbers")) if operator in LIST_OPERATORS else plain
        case _, ("glob" | "iglob"):
            return st.sampled_from(GLOBS).map(Word)
        case _, "regex":
            return st.sampled_from(REGEXES).map(lambda text: Word(text, quoted=True))
        case _, "pmatch":
            return st.sampled_from(["/etc", "/", "/*/shadow", "", "/tmp/x"]).map(lambda text: Word(text, quoted=True))
        case "buffer", ("bcontains" | "bstartswith"):
            return st.sampled_from(["cafe", "", "00"]).map(lambda text: Word(text, quoted=True))
        case _ if field.compare is not None and operator in (*MEMBERSHIP, "=="):
            return st.sampled_from(of_field(TEXTS, field)).map(Word)
        case _:
            plain = st.builds(Word, st.sampled_from(of_field(TEXTS, field)) | st.sampled_from(ODD), st.just(True))
            return plain | st.sampled_from(list(LISTS)[:3]).map(Word) if operator in LIST_OPERATORS else plain


def of_field(table: dict[str, list[str]], field: Field) -> list[str]:
    return next(values for prefix, values in table.items() if field.name.startswith(prefix))


def conditions(macros: tuple[str, ...] = ()) -> st.SearchStrategy[Condition]:
    leaves: st.SearchStrategy[Condition] = checks() | term_checks()
    if macros:
        leaves |= st.sampled_from(macros).map(Macro)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
            | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
            | inner.filter(lambda part: not isinstance(part, Not)).map(Not)
        ),
        max_leaves=8,
    )
