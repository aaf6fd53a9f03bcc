// System calls, seen at their end: arguments are still in the saved registers, their pages are resident and
// the result is known.

#define AT_FDCWD -100
#define S_IFMT 0170000
#define S_IFSOCK 0140000

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
    if (mode == S_IFSOCK) { send_socket(record, task, &call, shape, filter, file); return 0; }
    if (filter->only_changes) { count(COUNT_FILTERED); return 0; }
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
