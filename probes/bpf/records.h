// What the kernel side hands over. probes/records.py holds the same layouts as numpy dtypes, and a test
// compares the two. All memory of a record is written: user space hashes whole records.

#define SMALL_PATH 160
#define MEDIUM_PATH 256
#define MEDIUM_DIR 256
#define PATH_BYTES 4096
#define NAME_BYTES 256
#define ARGS_BYTES 4096
#define UNIX_PATH 112
#define DATA_BYTES 80
#define ENV_BYTES 4096
#define SHORT_ARGS 1024
#define SHORT_ENV 2048
#define SHORT_WALK 256

// Directories travel leaf first, each name ended by NUL ("shadow\0etc\0" is /etc/shadow): the kernel
// can only be walked upwards. NAME_BYTES more than the longest, so that a bounded offset may write a name.
#define WALK_BYTES (PATH_BYTES + NAME_BYTES)

// Notes of a header. The walk ended before the root; the first, the second path is relative and its directory told.
#define NOTE_TRUNCATED 1
#define NOTE_DIRECTORY 2
#define NOTE_DIRECTORY2 4
#define NOTE_SOCKET 8  // the path's place holds a struct address; the directory's, what was sent or received
#define NOTE_FILE 16   // `dir` is the path of the file behind the descriptor
#define NOTE_NAMELESS 32  // what the walk began at has no name: a pipe, an anonymous inode
#define NOTE_KIND_SHIFT 8  // four bits: the kind of the file behind the descriptor, S_IFMT >> 12
// Of a call that sends or receives: the next two are known; it changed the socket's name; the socket has a peer.
#define NOTE_NAME_KNOWN 0x1000
#define NOTE_NAME_CHANGED 0x2000
#define NOTE_CONNECTED 0x4000

struct header {
  u64 time;      // ns since boot
  u64 start;     // ns since boot at which the process started: with pid and exec it names a process image
  u32 pid;
  u32 tid;
  u32 exec;      // counts the execs of the process and its forebears
  u32 uid;       // effective
  u16 type;      // probes/events.py
  u16 path_len;  // bytes without the NUL
  u16 dir_len;
  u16 notes;
  s64 result;
  u64 flags;
  u64 extra;     // clone: start of the child; else the call's own argument
  s32 fd;
  u32 mode;      // clone: pid of the child in its own namespace; or the process that a call acts on
  char comm[16];
};

// A record with a count may stand for several identical calls; its time is that of the last.
struct small {
  struct header h;
  u32 count;
  u32 unused;
  char path[SMALL_PATH];
};

// A truncated directory is only ever in a large record.
struct medium {
  struct header h;
  u32 count;
  u32 unused;
  char path[MEDIUM_PATH];
  char dir[MEDIUM_DIR];
};

// In the byte order of the network, ports in that of the host. IPv4 addresses take the first four bytes.
struct address {
  u16 family;
  u16 protocol;
  u16 local_port;
  u16 remote_port;
  u8 local[16];
  u8 remote[16];
  char unix_path[UNIX_PATH];
};

// Calls with two paths.
struct pair {
  struct header h;
  u32 count;
  u16 path2_len;
  u16 dir2_len;
  char path[MEDIUM_PATH];
  char dir[MEDIUM_DIR];
  char path2[MEDIUM_PATH];
  char dir2[MEDIUM_DIR];
};

struct long_pair {
  struct header h;
  u32 count;
  u16 path2_len;
  u16 dir2_len;
  char path[PATH_BYTES];
  char dir[WALK_BYTES];
  char path2[PATH_BYTES];
  char dir2[WALK_BYTES];
};

struct large {
  struct header h;
  char path[PATH_BYTES];
  char dir[WALK_BYTES];
};

// Where an executable lies in an overlay file system.
#define LAYER_UNKNOWN 0
#define LAYER_NONE 1
#define LAYER_UPPER 2
#define LAYER_LOWER 3

struct identity {
  u32 ppid;
  u32 vpid;
  u32 sid;
  u32 tty;
  u32 gid;
  u32 loginuid;
  u32 pgid;
  u32 vpgid;     // in the process's own pid namespace
  u32 exe_mode;  // of the executable's inode, as its owner, its times (ns since the epoch) and its number
  u32 exe_uid;
  u32 exe_gid;
  u32 exe_layer;
  u64 exe_ino;
  u64 exe_ctime;
  u64 exe_mtime;
  u64 pidns_start;  // of the first process of its pid namespace, ns since boot
  u64 cap_permitted;
  u64 cap_effective;
  u64 cap_inheritable;
  u16 args_len;
  u16 env_len;
  u16 exe_len;
  u16 cwd_len;
  u16 cgroup_len;
  u16 exe_read_only;  // its file system or its inode may not be written by anybody
  u16 unused[2];
};

struct exec {
  struct header h;
  struct identity i;
  char args[SHORT_ARGS];
  char env[SHORT_ENV];
  char exe[SHORT_WALK];
  char cwd[SHORT_WALK];
  char cgroup[SHORT_WALK];
};

struct long_exec {
  struct header h;
  struct identity i;
  char args[ARGS_BYTES];
  char env[ENV_BYTES];
  char exe[WALK_BYTES];
  char cwd[WALK_BYTES];
  char cgroup[WALK_BYTES];
};
