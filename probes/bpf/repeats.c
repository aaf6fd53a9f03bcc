// Identical calls are counted: the first of a window goes into its ring at once, the others raise a number.
//
// A window ends when `settle` is run on a CPU, which its reader does before it reads. What was counted lives in a map
// and then in a ring, so the end of a reader loses none of it.

#define SETS 64
#define SETS_SHIFT 58  // the topmost bits of a hash name a set
#define WAYS 8
#define SETS_A_RUN 16  // `settle` may run in an interrupt
#define MOST_COUNTED 0xffffffff
#define OLD_NS 100000000  // twice as long as windows are while there is a reader

#define SMALL 0
#define MEDIUM 1
#define PAIR 2

// Calls of this window, with how many of each were not told yet. A tag of zero: nothing is there. `busy`: a call is
// being compared, and the interrupt that settles leaves the set alone. `cwds`: where each was made, which the record
// does not tell: a process that went elsewhere begins anew. Smaller records are laid out as a pair begins.
struct repeats {
  u32 tags[WAYS];
  u32 kinds[WAYS];
  void *cwds[WAYS];
  u32 busy;
  u32 hand;
  struct pair calls[WAYS];
};

BPF_PERCPU_ARRAY(repeats, struct repeats, SETS);
BPF_PERCPU_ARRAY(record_scratch, struct pair, 1);

#define SIZE(kind) (kind == SMALL ? sizeof(struct small) : kind == MEDIUM ? sizeof(struct medium) : sizeof(struct pair))
#define PATH_WORD (__builtin_offsetof(struct pair, path) / 8)
#define DIR_WORD (__builtin_offsetof(struct pair, dir) / 8)
#define PATH2_WORD (__builtin_offsetof(struct pair, path2) / 8)
#define COUNT_WORD (__builtin_offsetof(struct pair, count) / 8)
#define TYPE_WORD (__builtin_offsetof(struct pair, h.type) / 8)
#define NAME_WORD (__builtin_offsetof(struct pair, h.comm) / 8)
#define barrier() asm volatile("" ::: "memory")

static __always_inline u64 sum_of(u64 *words, int from, int to) {
  u64 sum = 0;
  int i;
#pragma unroll
  for (i = from; i < to; i++) sum += words[i] * (2 * i + 1);
  return sum;
}

// A place to look, no more: what counts as the same is compared in full. The address of the task makes it hard to guess.
static __always_inline u64 hash_of(struct pair *e, void *task, int kind) {
  u64 *words = (u64 *)e;
  u64 sum = sum_of(words, TYPE_WORD, NAME_WORD) + sum_of(words, PATH_WORD, sizeof(struct small) / 8);
  if (kind != SMALL) sum += sum_of(words, DIR_WORD, DIR_WORD + 8);
  if (kind == PAIR) sum += sum_of(words, PATH2_WORD, PATH2_WORD + 8);
  sum = (sum ^ (u64)task) * 0x9e3779b97f4a7c15;
  return (sum ^ sum >> 29) * 0xbf58476d1ce4e5b9;
}

// All but their times and counts; lengths are told by the texts, which zeros follow.
static __always_inline int is_same(struct pair *one, struct pair *other, int kind) {
  u64 *a = (u64 *)one, *b = (u64 *)other, differ = 0;
  int i;
#pragma unroll
  for (i = 1; i < SIZE(kind) / 8; i++)
    if (i != COUNT_WORD) differ |= a[i] ^ b[i];
  return !differ;
}

// Return what is not 0 if the ring is full.
static __always_inline int send(struct pair *e, int kind) {
  if (kind == SMALL) return small_ring.ringbuf_output(e, sizeof(struct small), BPF_RB_NO_WAKEUP);
  if (kind == MEDIUM) return medium_ring.ringbuf_output(e, sizeof(struct medium), BPF_RB_NO_WAKEUP);
  return pair_ring.ringbuf_output(e, sizeof(struct pair), BPF_RB_NO_WAKEUP);
}

// Make place where there is none: while nobody reads, windows do not end, and calls that were made once would fill
// the sets. One way is looked at; what it counted, long ago, is sent. Return the way, or -1.
static __always_inline int make_place(struct repeats *set, u64 now) {
  u32 way = set->hand++ & (WAYS - 1);
  struct pair *old = &set->calls[way];
  if (now - old->h.time < OLD_NS || (old->count && send(old, set->kinds[way]))) return -1;
  return way;
}

// Count a call, or send it if it is the first. What finds the ring full waits among the counted while there is room.
static __always_inline void tell(struct pair *e, void *task, int kind) {
  u64 hash = hash_of(e, task, kind);
  u32 index = hash >> SETS_SHIFT, tag = (u32)hash | 1;
  void *cwd = LOAD_POINTER(LOAD_POINTER(bpf_get_current_task_btf(), task_struct__fs), fs_struct__pwd_dentry);
  struct repeats *set = repeats.lookup(&index);
  if (!set) return;
  e->count = 1;
  if (kind != PAIR) e->path2_len = e->dir2_len = 0;
  set->busy = 1;
  barrier();
  int known = -1, empty = -1, i;
#pragma unroll
  for (i = 0; i < WAYS; i++) {
    if (set->tags[i] == tag && set->cwds[i] == cwd && set->kinds[i] == kind) known = i;
    if (!set->tags[i]) empty = i;
  }
  struct pair *before = &set->calls[known & (WAYS - 1)];
  if (known >= 0 && before->count < MOST_COUNTED && is_same(before, e, kind)) {
    before->count++;
    before->h.time = e->h.time;
  } else {
    if (empty < 0) empty = make_place(set, e->h.time);
    int full = send(e, kind) != 0;
    if (empty >= 0) {
      struct pair *place = &set->calls[empty & (WAYS - 1)];
      if (kind == SMALL) __builtin_memcpy(place, e, sizeof(struct small));
      else bpf_probe_read_kernel(place, SIZE(kind), e);
      place->count = full;
      set->kinds[empty & (WAYS - 1)] = kind;
      set->cwds[empty & (WAYS - 1)] = cwd;
      set->tags[empty & (WAYS - 1)] = tag;
      count(COUNT_REMEMBERED);
    } else if (full) {
      count(COUNT_DROPPED);
    }
  }
  barrier();
  set->busy = 0;
}

// End the window of some sets of this CPU, from the set `ctx->args[0]` on: send what was counted, and forget.
// Return how many sets must be seen again, because they were busy or a ring was full.
int settle(struct bpf_raw_tracepoint_args *ctx) {
  u32 first = ctx->args[0];
  u32 left = 0;
  int step, way;
  for (step = 0; step < SETS_A_RUN; step++) {
    u32 index = first + step;
    struct repeats *set = repeats.lookup(&index);
    if (!set) break;
    if (set->busy) { left++; continue; }
    u32 full = 0;
    for (way = 0; way < WAYS; way++) {
      if (!set->tags[way]) continue;
      struct pair *e = &set->calls[way];
      if (e->count && send(e, set->kinds[way])) full = 1;
      else set->tags[way] = 0;
    }
    left += full;
  }
  return left;
}
