// System calls, seen at their end: arguments are still in the saved registers, their pages are resident and
// the result is known.

#define CALL_OPEN 16
#define CALL_OPENAT 17
#define CALL_OPENAT2 18
#define CALL_CREAT 19
#define CALL_CHDIR 20
#define CALL_FCHDIR 21
#define CALL_SETNS 22
#define CALL_UNSHARE 23

#define AT_FDCWD -100
#define TS_COMPAT 2

// System call number -> event type, for calls by the 64-bit and by the 32-bit table; 0 is not wanted.
BPF_ARRAY(wanted, u16, 512);
BPF_ARRAY(wanted_compat, u16, 512);

struct call {
  void *regs;
  u64 args[4];
  u16 type;
};

static __always_inline u16 read_call(struct call *call, void *task, void *regs) {
  u64 nr = READ(u64, regs, pt_regs__orig_ax);
  u32 index = nr;
  if (nr >= 512) return 0;
  u16 *type;
  if (READ(u32, task, task_struct__thread_info_status) & TS_COMPAT) {
    type = wanted_compat.lookup(&index);
    if (!type || !*type) return 0;
    call->args[0] = READ(u32, regs, pt_regs__bx);
    call->args[1] = READ(u32, regs, pt_regs__cx);
    call->args[2] = READ(u32, regs, pt_regs__dx);
    call->args[3] = READ(u32, regs, pt_regs__si);
  } else {
    type = wanted.lookup(&index);
    if (!type || !*type) return 0;
    call->args[0] = READ(u64, regs, pt_regs__di);
    call->args[1] = READ(u64, regs, pt_regs__si);
    call->args[2] = READ(u64, regs, pt_regs__dx);
    call->args[3] = READ(u64, regs, pt_regs__r10);
  }
  return *type;
}

static __always_inline void fill_open(struct header *h, struct call *call, void **path, int *dirfd) {
  u64 how[2] = {};
  *dirfd = AT_FDCWD;
  switch (h->type) {
  case CALL_OPEN:
    *path = (void *)call->args[0];
    h->flags = (u32)call->args[1];
    h->mode = call->args[2];
    break;
  case CALL_CREAT:
    *path = (void *)call->args[0];
    h->flags = 01 | 0100 | 01000;  // O_WRONLY | O_CREAT | O_TRUNC, as creat(2) defines it
    h->mode = call->args[1];
    break;
  case CALL_OPENAT:
    *dirfd = call->args[0];
    *path = (void *)call->args[1];
    h->flags = (u32)call->args[2];
    h->mode = call->args[3];
    break;
  case CALL_OPENAT2:
    *dirfd = call->args[0];
    *path = (void *)call->args[1];
    bpf_probe_read_user(how, sizeof(how), (void *)call->args[2]);
    h->flags = how[0];
    h->mode = how[1];
    break;
  }
}

static __always_inline u32 walk_descriptor(char *out, void *task, int fd, u16 *notes) {
  if (fd == AT_FDCWD) {
    void *fs = READ_POINTER(task, task_struct__fs);
    return walk_path(out, task, READ_POINTER(fs, fs_struct__pwd_mnt), READ_POINTER(fs, fs_struct__pwd_dentry), notes);
  }
  void *table = READ_POINTER(READ_POINTER(task, task_struct__files), files_struct__fdt);
  void *file = 0;
  if (fd < 0 || (u32)fd >= READ(u32, table, fdtable__max_fds)) return 0;
  bpf_probe_read_kernel(&file, sizeof(file), READ_POINTER(table, fdtable__fd) + (u64)fd * sizeof(void *));
  if (!file) return 0;
  return walk_path(out, task, READ_POINTER(file, file__f_path_mnt), READ_POINTER(file, file__f_path_dentry), notes);
}

// Most paths are absolute and short: one write into the ring.
static __always_inline int send_short(struct header *h, void *path) {
  struct small *e = small_ring.ringbuf_reserve(sizeof(struct small));
  if (!e) { count(COUNT_DROPPED); return 1; }
  __builtin_memcpy(&e->h, h, sizeof(struct header));
  __builtin_memset(e->path, 0, SMALL_PATH);
  int length = path ? bpf_probe_read_user_str(e->path, SMALL_PATH, path) : 0;
  if (length >= SMALL_PATH) { small_ring.ringbuf_discard(e, BPF_RB_NO_WAKEUP); return 0; }
  e->h.path_len = length > 0 ? length - 1 : 0;
  small_ring.ringbuf_submit(e, BPF_RB_NO_WAKEUP);
  return 1;
}

static __always_inline void send_long(struct large *s) {
  if (s->h.path_len < MEDIUM_PATH && s->h.dir_len < MEDIUM_DIR && !(s->h.notes & NOTE_TRUNCATED)) {
    struct medium *m = medium_ring.ringbuf_reserve(sizeof(struct medium));
    if (!m) { count(COUNT_DROPPED); return; }
    __builtin_memcpy(&m->h, &s->h, sizeof(struct header));
    __builtin_memset(m->path, 0, MEDIUM_PATH);
    __builtin_memset(m->dir, 0, MEDIUM_DIR);
    u32 path = s->h.path_len, dir = s->h.dir_len;
    asm volatile("" : "+r"(path), "+r"(dir));  // the verifier needs the masks, the compiler knows better
    bpf_probe_read_kernel(m->path, path & (MEDIUM_PATH - 1), s->path);
    bpf_probe_read_kernel(m->dir, dir & (MEDIUM_DIR - 1), s->dir);
    medium_ring.ringbuf_submit(m, BPF_RB_NO_WAKEUP);
    return;
  }
  if (large_ring.ringbuf_output(s, sizeof(struct large), BPF_RB_NO_WAKEUP)) count(COUNT_DROPPED);
}

RAW_TRACEPOINT_PROBE(sys_exit) {
  void *task = (void *)bpf_get_current_task();
  struct call call = {};
  u16 type = read_call(&call, task, (void *)ctx->args[0]);
  if (!type) return 0;
  if (is_own(bpf_get_current_pid_tgid() >> 32)) { count(COUNT_IGNORED); return 0; }

  struct header h = {};
  fill_header(&h, task, type);
  h.result = ctx->args[1];
  void *path = 0;
  int dirfd = AT_FDCWD, relative = 0;
  switch (type) {
  case CALL_OPEN: case CALL_OPENAT: case CALL_OPENAT2: case CALL_CREAT: {
    char first = 0;
    fill_open(&h, &call, &path, &dirfd);
    if (h.result >= 0) h.fd = h.result;
    bpf_probe_read_user(&first, 1, path);
    relative = first != '/' && first != 0;
    break;
  }
  case CALL_CHDIR: case CALL_FCHDIR:
    if (h.result < 0) return 0;
    if (type == CALL_CHDIR) path = (void *)call.args[0];
    else h.fd = call.args[0];
    relative = 1;
    break;
  case CALL_SETNS:
    h.fd = call.args[0];
    h.flags = (u32)call.args[1];
    break;
  case CALL_UNSHARE:
    h.flags = (u32)call.args[0];
    break;
  }
  if (!relative && send_short(&h, path)) return 0;

  int zero = 0;
  struct large *s = scratch.lookup(&zero);
  if (!s) return 0;
  __builtin_memcpy(&s->h, &h, sizeof(h));
  int length = path ? bpf_probe_read_user_str(s->path, PATH_BYTES, path) : 0;
  s->h.path_len = length > 0 ? length - 1 : 0;
  if (relative) {
    s->h.notes = NOTE_DIRECTORY;
    s->h.dir_len = walk_descriptor(s->dir, task, dirfd, &s->h.notes);
  }
  send_long(s);
  return 0;
}
