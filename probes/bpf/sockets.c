// Calls on sockets: the addresses of both ends, whether a datagram goes elsewhere than the last, what is in it.

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6

#define MESSAGE_NAME 0  // places in struct msghdr and struct iovec, in words
#define MESSAGE_PARTS 2
#define PART_BYTES 1

// A socket, whose memory may be another's later: with the number of its inode it is this one alone.
struct socket_key {
  void *sock;
  u64 inode;
};

struct place {
  u8 address[16];
  u16 port;
  u16 unused[3];
};

// Where the last datagram of each socket went to or came from.
BPF_TABLE("lru_hash", struct socket_key, struct place, last_places, 16384);

static __always_inline u16 swapped(u16 port) { return port << 8 | port >> 8; }

static __always_inline void read_socket(struct address *a, void *sock) {
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

// A pointer or a length of the caller's memory, which has 4 bytes in a call by the 32-bit table.
static __always_inline u64 read_word(struct call *call, u64 from, int place) {
  u64 word = 0;
  if (call->compat) bpf_probe_read_user(&word, 4, (void *)from + 4 * place);
  else bpf_probe_read_user(&word, 8, (void *)from + 8 * place);
  return word;
}

static __always_inline int is_message(struct shape *shape) {
  return shape->kind == SEND_MESSAGE || shape->kind == RECEIVE_MESSAGE;
}

static __always_inline int is_transfer(struct shape *shape) {
  return shape->kind >= SEND && shape->kind <= RECEIVE_MESSAGE;
}

// A connection has the peer that it has, whatever address is given; what is not received has no sender.
static __always_inline int is_address_meant(struct address *a, struct call *call, struct shape *shape) {
  if (!is_transfer(shape)) return shape->kind != ANY_DESCRIPTOR;
  if (shape->kind == RECEIVE || shape->kind == RECEIVE_MESSAGE) return a->protocol != IPPROTO_TCP && call->result >= 0;
  return a->protocol != IPPROTO_TCP || !a->remote_port;
}

// Note whether a call that sends or receives changes what the socket is called: its datagram goes elsewhere, or comes
// from elsewhere, than the last. `peer`: the one that the socket itself has, which is where its first goes.
static __always_inline void note_changes(struct header *h, struct address *a, struct place *peer, void *sock, void *file) {
  if (a->family != AF_INET && a->family != AF_INET6) return;
  h->notes |= NOTE_NAME_KNOWN;
  if (peer->port) h->notes |= NOTE_CONNECTED;
  if (a->protocol == IPPROTO_TCP || h->result < 0 || !a->remote_port) return;
  struct socket_key key = {.sock = sock, .inode = READ(u64, READ_POINTER(file, file__f_inode), inode__i_ino)};
  struct place now = {.port = a->remote_port}, *last = last_places.lookup(&key);
  __builtin_memcpy(now.address, a->remote, 16);
  if (!last) last = peer;
  u64 *one = (u64 *)last, *other = (u64 *)&now;
  if (one[0] == other[0] && one[1] == other[1] && one[2] == other[2]) return;
  h->notes |= NOTE_NAME_CHANGED;
  last_places.update(&key, &now);
}

// Copy the beginning of what was sent or received, up to the first part of a message that is in several.
static __always_inline u16 read_data(char *out, struct call *call, struct shape *shape) {
  u64 from = argument(call, shape->data), bytes = call->result;
  if (call->result <= 0 || shape->data == NONE) return 0;
  if (is_message(shape)) {
    u64 part = read_word(call, from, MESSAGE_PARTS);
    u64 length = read_word(call, part, PART_BYTES);
    from = read_word(call, part, 0);
    if (bytes > length) bytes = length;
  }
  if (bytes > DATA_BYTES) bytes = DATA_BYTES;
  u32 size = bytes;
  asm volatile("" : "+r"(size));  // keep the compiler from dropping the mask that the verifier needs
  size &= 127;
  return size <= DATA_BYTES && size && !bpf_probe_read_user(out, size, (void *)from) ? size : 0;
}

static __always_inline void send_socket(struct pair *e, void *task, struct call *call, struct shape *shape, struct filter *filter, void *file) {
  __builtin_memset(e->path, 0, SMALL_PATH);
  struct address *a = (struct address *)e->path;
  struct place peer = {};
  void *sock = READ_POINTER(READ_POINTER(file, file__private_data), socket__sk);
  e->h.notes |= NOTE_SOCKET;
  read_socket(a, sock);
  peer.port = a->remote_port;
  __builtin_memcpy(peer.address, a->remote, 16);
  if (is_address_meant(a, call, shape)) {
    u64 given = argument(call, shape->address);
    if (is_message(shape)) given = read_word(call, given, MESSAGE_NAME);
    read_address(a, (void *)given, shape->kind == ADDRESS_LOCAL);
  }
  if (is_transfer(shape)) note_changes(&e->h, a, &peer, sock, file);
  if (filter->only_changes && !(e->h.notes & NOTE_NAME_CHANGED)) { count(COUNT_FILTERED); return; }
  if (!filter->with_data || shape->data == NONE) { tell(e, task, SMALL); return; }
  __builtin_memset(e->path + SMALL_PATH, 0, MEDIUM_PATH - SMALL_PATH);
  __builtin_memset(e->dir, 0, MEDIUM_DIR);
  e->h.dir_len = read_data(e->dir, call, shape);
  tell(e, task, MEDIUM);
}
