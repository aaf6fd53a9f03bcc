// What a system call was given, and which of it means what: told by a table that probes/events.py fills.

#define TS_COMPAT 2
#define NONE 255
#define RESULT 254
#define TYPES 256

#define PLAIN 0
#define ANY_DESCRIPTOR 1
#define ADDRESS_REMOTE 2
#define ADDRESS_LOCAL 3
#define DIRECTORY_CHANGE 4
#define SEND 5
#define SEND_MESSAGE 6
#define RECEIVE 7
#define RECEIVE_MESSAGE 8

struct shape {
  u8 kind, path, at, path2, at2, flags, how, mode, fd, extra, address, text, data;
};

// Which calls of a type are recorded: sets of cells, whatever the path and for some paths (schemas/call_filter.py);
// whether only those that change the name of their socket are, and whether what is sent or received is told.
struct filter {
  u32 anywhere;
  u32 somewhere;
  u32 only_changes;
  u32 with_data;
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
  int compat;
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
  call->compat = compat;
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

static __always_inline void *file_of(void *task, int fd) {
  void *table = READ_POINTER(READ_POINTER(task, task_struct__files), files_struct__fdt);
  void *file = 0;
  if (fd < 0 || (u32)fd >= READ(u32, table, fdtable__max_fds)) return 0;
  bpf_probe_read_kernel(&file, sizeof(file), READ_POINTER(table, fdtable__fd) + (u64)fd * sizeof(void *));
  return file;
}
