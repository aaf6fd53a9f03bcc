// System calls, seen at their end: arguments are still in the saved registers, their pages are resident and
// the result is known. Which argument means what is told by a table that probes/events.py fills.

#define AT_FDCWD -100
#define TS_COMPAT 2
#define NONE 255
#define RESULT 254
#define TYPES 256

#define PLAIN 0
#define ANY_DESCRIPTOR 1
#define ADDRESS_REMOTE 2
#define ADDRESS_LOCAL 3
#define MESSAGE 4
#define DIRECTORY_CHANGE 5

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

struct shape {
  u8 kind, path, at, path2, at2, flags, how, mode, fd, extra, address, text;
};

// Which calls of a type are recorded: sets of cells, whatever the path and for some paths (schemas/call_filter.py).
struct filter {
  u32 anywhere;
  u32 somewhere;
};

// The beginning of a path, longest first; its type and path stand in a small record as they stand here.
struct path_key {
  u32 bits;
  u32 type;
  char path[SMALL_PATH];
};

// System call number -> event type, for calls by the 64-bit and by the 32-bit table; 0 is not wanted.
BPF_ARRAY(wanted, u16, 512);
BPF_ARRAY(wanted_compat, u16, 512);
BPF_ARRAY(shapes, struct shape, TYPES);
BPF_ARRAY(filters, struct filter, TYPES);
BPF_LPM_TRIE(path_filters, struct path_key, u32, 16384);

struct call {
  u64 args[8];
  s64 result;
};

#define REGISTER(name) saved[OFFSET_pt_regs__##name / 8]

static __always_inline u16 read_call(struct call *call, void *task, void *regs, s64 result) {
  u64 nr = READ(u64, regs, pt_regs__orig_ax);
  u32 index = nr;
  if (nr >= 512) return 0;
  u16 *type = wanted.lookup(&index), *compat_type = wanted_compat.lookup(&index);
  if (!type || !compat_type || !(*type | *compat_type)) return 0;  // most calls: nothing more is read for them
  int compat = LOAD(u32, bpf_get_current_task_btf(), task_struct__thread_info_status) & TS_COMPAT;
  if (compat) type = compat_type;
  if (!*type) return 0;
  u64 saved[OFFSET_pt_regs__orig_ax / 8];
  bpf_probe_read_kernel(saved, sizeof(saved), regs);
  call->result = result;
  if (compat) {
    call->args[0] = (u32)REGISTER(bx);
    call->args[1] = (u32)REGISTER(cx);
    call->args[2] = (u32)REGISTER(dx);
    call->args[3] = (u32)REGISTER(si);
    call->args[4] = (u32)REGISTER(di);
    call->args[5] = (u32)REGISTER(bp);
  } else {
    call->args[0] = REGISTER(di);
    call->args[1] = REGISTER(si);
    call->args[2] = REGISTER(dx);
    call->args[3] = REGISTER(r10);
    call->args[4] = REGISTER(r8);
    call->args[5] = REGISTER(r9);
  }
  return *type;
}

static __always_inline u64 argument(struct call *call, u8 place) {
  if (place == RESULT) return call->result;
  return place == NONE ? 0 : call->args[place & 7];
}

static __always_inline void fill_numbers(struct header *h, struct call *call, struct shape *shape) {
  u64 how[2] = {};
  h->result = call->result;
  h->flags = (u32)argument(call, shape->flags);
  h->mode = argument(call, shape->mode);
  h->extra = argument(call, shape->extra);
  h->fd = shape->fd != NONE ? argument(call, shape->fd) : -1;
  if (h->fd < -1) h->fd = -1;
  if (shape->how != NONE) {
    bpf_probe_read_user(how, sizeof(how), (void *)argument(call, shape->how));
    h->flags = how[0];
    h->mode = how[1];
  }
}

static __always_inline u32 cell_of(struct header *h) {
  u32 result = h->result < 0 ? 0 : h->result > 2 ? 4 : h->result + 1;
  return 1 << (result * 4 + (h->flags & 3));
}

#define EACH_BYTE(value) (0x0101010101010101ull * (value))

// 0x80 in each byte of the word that is the same as the other's, and perhaps in some more above one that is.
static __always_inline u64 equal_bytes(u64 word, u64 other) {
  word ^= other;
  return (word - EACH_BYTE(1)) & ~word & EACH_BYTE(0x80);
}

// Whether no name of a path is empty, and none begins or ends with a dot: it is then what it is when normalised.
static __always_inline int is_plain(struct small *e) {
  u64 *words = (u64 *)e->path, found = 0, slash = 0, dot = 0;
  int i;
#pragma clang loop unroll(disable)
  for (i = 0; i < SMALL_PATH / 8 && words[i]; i++) {
    u64 slashes = equal_bytes(words[i], EACH_BYTE('/'));
    u64 dots = equal_bytes(words[i], EACH_BYTE('.'));
    found |= (slashes << 8 | slash) & (slashes | dots) | (dots << 8 | dot) & slashes;
    slash = slashes >> 56;
    dot = dots >> 56;
  }
  return !found;
}

static __always_inline int is_left_out(struct small *e, struct filter *filter, u32 cell, int length) {
  if (filter->anywhere & cell || length >= SMALL_PATH || e->path[0] != '/' || !is_plain(e)) return 0;
  struct path_key *key = (struct path_key *)&e->count;
  key->bits = 8 * (sizeof(struct path_key) - sizeof(u32));
  key->type = e->h.type;
  u32 *cells = path_filters.lookup(key);
  return !cells || !(*cells & cell);
}

static __always_inline void *file_of(void *task, int fd) {
  void *table = READ_POINTER(READ_POINTER(task, task_struct__files), files_struct__fdt);
  void *file = 0;
  if (fd < 0 || (u32)fd >= READ(u32, table, fdtable__max_fds)) return 0;
  bpf_probe_read_kernel(&file, sizeof(file), READ_POINTER(table, fdtable__fd) + (u64)fd * sizeof(void *));
  return file;
}

static __always_inline u32 walk_file(char *out, void *task, void *file, u16 *notes) {
  if (!file) return 0;
  return walk_path(out, task, READ_POINTER(file, file__f_path_mnt), READ_POINTER(file, file__f_path_dentry), notes);
}

// The directory that a relative path is relative to.
static __always_inline u32 walk_directory(char *out, void *task, int fd, u16 *notes) {
  if (fd != AT_FDCWD) return walk_file(out, task, file_of(task, fd), notes);
  void *fs = READ_POINTER(task, task_struct__fs);
  return walk_path(out, task, READ_POINTER(fs, fs_struct__pwd_mnt), READ_POINTER(fs, fs_struct__pwd_dentry), notes);
}

static __always_inline u16 swapped(u16 port) { return port << 8 | port >> 8; }

static __always_inline void read_socket(struct address *a, void *file) {
  void *sock = READ_POINTER(READ_POINTER(file, file__private_data), socket__sk);
  a->family = READ(u16, sock, sock_common__skc_family);
  a->protocol = READ(u16, sock, sock__sk_protocol);
  if (a->family != AF_INET && a->family != AF_INET6) return;
  a->local_port = READ(u16, sock, sock_common__skc_num);
  a->remote_port = swapped(READ(u16, sock, sock_common__skc_dport));
  if (a->family == AF_INET) {
    bpf_probe_read_kernel(a->local, 4, sock + OFFSET_sock_common__skc_rcv_saddr);
    bpf_probe_read_kernel(a->remote, 4, sock + OFFSET_sock_common__skc_daddr);
  } else {
    bpf_probe_read_kernel(a->local, 16, sock + OFFSET_sock_common__skc_v6_rcv_saddr);
    bpf_probe_read_kernel(a->remote, 16, sock + OFFSET_sock_common__skc_v6_daddr);
  }
}

// The address that the caller gave (struct sockaddr_in, sockaddr_in6, sockaddr_un) stands above what the socket has.
static __always_inline void read_address(struct address *a, void *given, int local) {
  u16 family = 0, port = 0;
  if (!given || bpf_probe_read_user(&family, 2, given)) return;
  if (family == AF_UNIX) {
    a->family = family;
    bpf_probe_read_user_str(a->unix_path, 108, given + 2);
  }
  if (family != AF_INET && family != AF_INET6) return;
  a->family = family;
  bpf_probe_read_user(&port, 2, given + 2);
  if (local) a->local_port = swapped(port);
  else a->remote_port = swapped(port);
  u8 *to = local ? a->local : a->remote;
  if (family == AF_INET) bpf_probe_read_user(to, 4, given + 4);
  else bpf_probe_read_user(to, 16, given + 8);
}

static __always_inline void *given_address(struct call *call, struct shape *shape) {
  void *given = (void *)argument(call, shape->address);
  if (shape->kind == MESSAGE && bpf_probe_read_user(&given, sizeof(given), given)) return 0;  // msghdr.msg_name
  return given;
}

static __always_inline void send_socket(struct small *e, void *task, struct call *call, struct shape *shape, void *file) {
  __builtin_memset(e->path, 0, SMALL_PATH);
  struct address *a = (struct address *)e->path;
  e->h.notes |= NOTE_SOCKET;
  read_socket(a, file);
  if (shape->kind != ANY_DESCRIPTOR) read_address(a, given_address(call, shape), shape->kind == ADDRESS_LOCAL);
  tell((struct pair *)e, task, SMALL);
}

// Return the length with the NUL; SMALL_PATH or more if the path is too long to be told in a small record.
static __always_inline int read_short(struct small *e, void *path) {
  __builtin_memset(e->path, 0, SMALL_PATH);
  return path ? bpf_probe_read_user_str(e->path, SMALL_PATH, path) : 0;
}

// Copy what of a field is used; a mask of its size keeps the verifier sure of the bound.
#define COPY_TEXT(to, from, field, length, size) ({ u32 _length = (length); \
  asm volatile("" : "+r"(_length)); \
  bpf_probe_read_kernel((to)->field, _length & ((size) - 1), (from)->field); })

// Texts of this call, followed by zeros: two records that are the same are the same in every byte.
static __always_inline void fill_texts(struct pair *e, struct long_pair *s) {
  __builtin_memcpy(&e->h, &s->h, sizeof(struct header));
  __builtin_memset(e->path, 0, MEDIUM_PATH + MEDIUM_DIR);
  COPY_TEXT(e, s, path, s->h.path_len, MEDIUM_PATH);
  COPY_TEXT(e, s, dir, s->h.dir_len, MEDIUM_DIR);
}

static __always_inline void send_long(struct pair *e, struct long_pair *s, void *task) {
  if (s->h.path_len < MEDIUM_PATH && s->h.dir_len < MEDIUM_DIR && !(s->h.notes & NOTE_TRUNCATED)) {
    fill_texts(e, s);
    tell(e, task, MEDIUM);
    return;
  }
  struct large *l = large_ring.ringbuf_reserve(sizeof(struct large));
  if (!l) { count(COUNT_DROPPED); return; }
  __builtin_memcpy(&l->h, &s->h, sizeof(struct header));
  bpf_probe_read_kernel(l->path, PATH_BYTES, s->path);
  bpf_probe_read_kernel(l->dir, WALK_BYTES, s->dir);
  large_ring.ringbuf_submit(l, BPF_RB_NO_WAKEUP);
}

static __always_inline void send_pair(struct pair *e, struct long_pair *s, void *task) {
  if (s->h.path_len < MEDIUM_PATH && s->h.dir_len < MEDIUM_DIR && s->path2_len < MEDIUM_PATH && s->dir2_len < MEDIUM_DIR) {
    fill_texts(e, s);
    __builtin_memset(e->path2, 0, MEDIUM_PATH + MEDIUM_DIR);
    COPY_TEXT(e, s, path2, s->path2_len, MEDIUM_PATH);
    COPY_TEXT(e, s, dir2, s->dir2_len, MEDIUM_DIR);
    e->path2_len = s->path2_len;
    e->dir2_len = s->dir2_len;
    tell(e, task, PAIR);
    return;
  }
  s->count = 1;
  if (long_pair_ring.ringbuf_output(s, sizeof(struct long_pair), BPF_RB_NO_WAKEUP)) count(COUNT_DROPPED);
}

static __always_inline int is_relative(void *path) {
  char first = 0;
  bpf_probe_read_user(&first, 1, path);
  return first != '/' && first != 0;
}

static __always_inline u16 read_path(char *out, void *path) {
  int length = path ? bpf_probe_read_user_str(out, PATH_BYTES, path) : 0;
  return length > 0 ? length - 1 : 0;
}

int on_sys_exit(struct bpf_raw_tracepoint_args *ctx) {
  void *task = (void *)bpf_get_current_task();
  struct call call = {};
  u32 type = read_call(&call, task, (void *)ctx->args[0], ctx->args[1]);
  if (!type) return 0;
  if (is_own(bpf_get_current_pid_tgid() >> 32)) { count(COUNT_IGNORED); return 0; }
  struct shape *shape = shapes.lookup(&type);
  int zero = 0;
  struct pair *record = record_scratch.lookup(&zero);
  if (!shape || !record) return 0;
  struct small *e = (struct small *)record;
  if (shape->kind == DIRECTORY_CHANGE && call.result < 0) return 0;

  struct header *h = &e->h;
  struct filter *filter = filters.lookup(&type);
  fill_numbers(h, &call, shape);
  u32 cell = cell_of(h);
  if (!filter || !(filter->somewhere & cell)) { count(COUNT_FILTERED); return 0; }
  fill_header(h, task, type);
  void *path = shape->path == NONE ? 0 : (void *)argument(&call, shape->path);
  int length = read_short(e, path);
  if (is_left_out(e, filter, cell, length)) { count(COUNT_FILTERED); return 0; }
  int relative = !shape->text && e->path[0] != '/' && e->path[0] != 0;
  void *file = 0;
  if (shape->kind != PLAIN && shape->kind != DIRECTORY_CHANGE) {
    file = file_of(task, h->fd);
    u32 mode = file ? READ(u16, READ_POINTER(file, file__f_inode), inode__i_mode) & S_IFMT : 0;
    h->notes = (mode >> 12) << NOTE_KIND_SHIFT;
    if (mode == S_IFSOCK) { send_socket(e, task, &call, shape, file); return 0; }
  }
  int alone = shape->path2 == NONE && !file && shape->kind != DIRECTORY_CHANGE;
  // most paths are absolute and short
  if (alone && !relative && length < SMALL_PATH) {
    h->path_len = length > 0 ? length - 1 : 0;
    tell((struct pair *)e, task, SMALL);
    return 0;
  }

  struct long_pair *s = scratch.lookup(&zero);
  if (!s) return 0;
  __builtin_memcpy(&s->h, h, sizeof(struct header));
  s->h.path_len = read_path(s->path, path);
  int at = AT_FDCWD;
  if (shape->at != NONE) at = argument(&call, shape->at);
  if (file) s->h.notes |= NOTE_FILE;
  if (relative || shape->kind == DIRECTORY_CHANGE) s->h.notes |= NOTE_DIRECTORY;
  if (file) s->h.dir_len = walk_file(s->dir, task, file, &s->h.notes);
  else if (s->h.notes & NOTE_DIRECTORY) s->h.dir_len = walk_directory(s->dir, task, at, &s->h.notes);
  if (shape->path2 == NONE) { send_long(record, s, task); return 0; }

  path = (void *)argument(&call, shape->path2);
  s->path2_len = read_path(s->path2, path);
  s->dir2_len = 0;
  if (is_relative(path)) {
    at = AT_FDCWD;
    if (shape->at2 != NONE) at = argument(&call, shape->at2);
    s->h.notes |= NOTE_DIRECTORY2;
    s->dir2_len = walk_directory(s->dir2, task, at, &s->h.notes);
  }
  send_pair(record, s, task);
  return 0;
}
