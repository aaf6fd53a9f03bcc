"""Made from `schemas/avsc/syscalls` by `make types`; change those files, not this one."""

import msgspec


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the host's file system inside a container."""

    source: str
    """Path on the host."""
    dest: str
    """Path in the container."""
    mode: str = ''
    """Mount options, parted by commas."""
    rdwr: bool = True
    """Whether it may be written."""
    propagation: str = ''
    """private, rprivate, shared, rshared, slave or rslave; empty if the runtime does not say."""


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container that processes of the batch ran in."""

    id: str
    """The runtime's full id."""
    runtime: str
    """podman, runc, docker, containerd, cri-o; or `unknown`."""
    name: str | None = None
    """Null where the runtime did not answer."""
    image: str | None = None
    """Image reference, with tag where the runtime has it."""
    privileged: bool | None = None
    """Started as a privileged container."""
    pod_name: str | None = None
    """Kubernetes pod."""
    pod_namespace: str | None = None
    """Kubernetes namespace of the pod."""
    pod_uid: str | None = None
    """Kubernetes uid of the pod."""
    pod_labels: tuple[str, ...] = ()
    """Labels of the pod, `name:value` each."""
    image_id: str | None = None
    """The runtime's id of the image."""
    mounts: tuple[Mount, ...] = ()
    """What of the host is mounted into the container; not what the runtime itself puts there."""


class SyscallBatch(msgspec.Struct, frozen=True, kw_only=True):
    """System calls of one node within a short time, as columns. Self-contained: with the process and container rows and the strings it refers to. Every `bytes` field is a column: a packed array of little-endian integers, whose type its doc names; `event.*` columns have `count` entries, `process.*` columns have `process_count` entries. An empty column means: not known. A column of u32 string codes indexes `strings`; code 0 means absent."""

    node: str
    """Name of the node."""
    session: str
    """One life of the node's ring buffers. An event's id is `<session>:<number in hexadecimal>` and stays the same if the batch is published again."""
    sequence: int
    """Counts the batches of one node agent process from 0."""
    first_time: int
    """Time of the first event, ns since the epoch."""
    last_time: int
    """Time of the last event, ns since the epoch."""
    dropped: int
    """Events that the kernel could not queue since the session began."""
    ignored: int
    """Events of deedlog's own processes that were left out since the session began."""
    filtered: int = 0
    """Calls that no loaded rule can match, which were left out since the session began."""
    count: int
    """Events in this batch."""
    types: tuple[str, ...]
    """Names of event types, indexed by event_type: system calls by name; `execve` and `clone` stand for process start and fork, `procexit` for process end."""
    strings: tuple[bytes, ...]
    """Dictionary of all strings in the batch, as raw bytes (not always UTF-8). Entry 0 is empty and means absent."""
    event_number: bytes
    """u64: identifies the event within the session."""
    event_time: bytes
    """u64: ns since the epoch."""
    event_type: bytes
    """u16: index into types."""
    event_process: bytes
    """u32: row of the process table."""
    event_thread: bytes
    """u32: thread id."""
    event_result: bytes
    """i64: return value of the system call (negative errno on failure); exit status of procexit; child's pid of clone."""
    event_fd: bytes = b''
    """i32: descriptor the call made or acted on; -1 if none."""
    event_flags: bytes = b''
    """u64: flags argument, values of the kernel's headers (open: O_*, setns and unshare: CLONE_NEW*)."""
    event_mode: bytes = b''
    """u32: mode argument."""
    event_path: bytes = b''
    """u32 string code: path argument, as the caller gave it."""
    event_directory: bytes = b''
    """u32 string code: absolute path of the directory that a relative path is relative to (resolved by the kernel's own tables)."""
    event_path2: bytes = b''
    """u32 string code: second path argument (the new name of rename, link and symlink; where mount mounts)."""
    event_directory2: bytes = b''
    """u32 string code: absolute path of the directory that a relative second path is relative to."""
    event_argument: bytes = b''
    """i64: the argument that says most: request of ptrace, signal of kill, id of setuid and setgid, command of bpf, new descriptor of dup, domain of socket, backlog of listen."""
    event_target: bytes = b''
    """u32: process that ptrace or kill acts on, as the caller gave it; 0 for others."""
    event_file: bytes = b''
    """u32 string code: absolute path of the file behind the descriptor, for calls on descriptors."""
    event_file_kind: bytes = b''
    """u8: kind of the file behind the descriptor, st_mode >> 12: 1 fifo, 2 character device, 4 directory, 6 block device, 8 file, 10 link, 12 socket; 0 if not known."""
    event_family: bytes = b''
    """u16: address family of the socket (1 unix, 2 IPv4, 10 IPv6); 0 if it is no socket."""
    event_protocol: bytes = b''
    """u16: protocol of the socket (IPPROTO_*: 6 TCP, 17 UDP)."""
    event_local_address: bytes = b''
    """u32 string code: the socket's own address, 4 or 16 bytes in network order."""
    event_local_port: bytes = b''
    """u16: the socket's own port."""
    event_remote_address: bytes = b''
    """u32 string code: the peer's address, 4 or 16 bytes in network order; of a unix socket the path is in event_path."""
    event_remote_port: bytes = b''
    """u16: the peer's port."""
    event_count: bytes = b''
    """u32: identical calls that this event stands for, made within a moment by one thread; its time is that of the last. An empty column: one each."""
    event_socket_flags: bytes = b''
    """u8: bits of a call that sends or receives on an IP socket: 1 the others are known, 2 the peer is another than that of the socket's last datagram, 4 the socket is connected."""
    event_data: bytes = b''
    """u32 string code: the first 80 bytes that were sent or received; only for calls of which a loaded rule asks it."""
    process_count: int
    """Rows in the process table."""
    process_pid: bytes
    """u32: process id (thread group id) in the host's namespace."""
    process_vpid: bytes = b''
    """u32: process id in its own pid namespace; 0 if not known."""
    process_ppid: bytes = b''
    """u32: parent's process id at fork or exec; 0 if not known."""
    process_parent: bytes = b''
    """u32: parent's row in this table; 4294967295 if none is known."""
    process_sid: bytes = b''
    """u32: session id; 0 if not known."""
    process_start: bytes = b''
    """u64: start of the process, ns since the epoch; 0 if not known."""
    process_uid: bytes = b''
    """u32: effective user id; 4294967295 if not known."""
    process_gid: bytes = b''
    """u32: effective group id; 4294967295 if not known."""
    process_loginuid: bytes = b''
    """u32: audit login uid; 4294967295 if unset."""
    process_tty: bytes = b''
    """u32: device number of the controlling terminal, as in /proc/PID/stat; 0 if none; 4294967295 if not known."""
    process_cap_permitted: bytes = b''
    """u64: permitted capabilities, bit n is capability n."""
    process_cap_effective: bytes = b''
    """u64: effective capabilities."""
    process_cap_inheritable: bytes = b''
    """u64: inheritable capabilities."""
    process_name: bytes = b''
    """u32 string code: the kernel's name of the process (comm, at most 15 bytes)."""
    process_exepath: bytes = b''
    """u32 string code: path of the executable, resolved, in the process's own root."""
    process_args: bytes = b''
    """u32 string code: argv with argv[0], each argument ended by NUL (the first 4,096 bytes)."""
    process_cwd: bytes = b''
    """u32 string code: working directory."""
    process_user: bytes = b''
    """u32 string code: name of the effective user in the process's own root."""
    process_group: bytes = b''
    """u32 string code: name of the effective group in the process's own root."""
    process_login: bytes = b''
    """u32 string code: name in the process's own root of the user at login."""
    process_cgroup: bytes = b''
    """u32 string code: cgroup path."""
    process_container: bytes = b''
    """u32: index into containers; 4294967295 on the host."""
    process_env: bytes = b''
    """u32 string code: environment at the start of the program, each NAME=value ended by NUL (the first 4,096 bytes)."""
    process_pgid: bytes = b''
    """u32: process group id; 0 if not known."""
    process_vpgid: bytes = b''
    """u32: process group id in the process's own pid namespace; 0 if not known or of another namespace."""
    process_exe_ino: bytes = b''
    """u64: inode number of the executable; 0 if not known."""
    process_exe_ctime: bytes = b''
    """u64: last change of the executable's inode, ns since the epoch; 0 if not known."""
    process_exe_mtime: bytes = b''
    """u64: last change of the executable's content, ns since the epoch; 0 if not known."""
    process_pidns_start: bytes = b''
    """u64: start of the first process of the process's own pid namespace, ns since the epoch; 0 if not known."""
    process_exe_flags: bytes = b''
    """u8: bits of the executable: 1 bits 2 and 16 are known, 2 the process's user may write it, 4 it is in the upper layer of an overlay, 8 in a lower layer, 16 it is only in memory (memfd), 32 bits 4 and 8 are known."""
    process_known: bytes = b''
    """u8: 1 if the process was seen to start or found in /proc; 0 if only its pid and name are known."""
    containers: tuple[Container, ...] = ()
    """Containers that processes of the batch ran in."""
