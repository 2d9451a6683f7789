// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs with what a disassembler has to know: calls of every kind, maps, what the verifier writes anew, odd constants. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} code_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} code_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} code_percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} code_tails SEC(".maps");

__u64 total, other_total = 5;
const volatile __u32 limit = 7;
int numbers[100];

#ifdef HAS_bpf_rcu_read_lock /* Linux 6.2 */
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
#else
static void bpf_rcu_read_lock(void) {}
static void bpf_rcu_read_unlock(void) {}
#endif

static __attribute__((noinline)) int code_static(__u64 *value, int by)
{
	__sync_fetch_and_add(value, by);
	return (int)*value & 7;
}

__attribute__((noinline)) int code_global(int x)
{
	total += x;
	return bpf_get_prandom_u32() + x;
}

static long code_each(__u32 i, void *ctx)
{
	total += i;
	return 0;
}

SEC("raw_tp/sched_process_exec")
int code_main(void *ctx)
{
	__u32 key = 1;
	__u64 *array = bpf_map_lookup_elem(&code_array, &key);
	__u64 *hash = bpf_map_lookup_elem(&code_hash, &key);
	__u64 *percpu = bpf_map_lookup_elem(&code_percpu, &key);

	if (array)
		code_global(code_static(array, 3));
	if (hash) {
		total += __sync_fetch_and_add(hash, 5);
		total += __sync_val_compare_and_swap(hash, 1, 2);
		total += __sync_lock_test_and_set(hash, 9);
		total += __sync_fetch_and_xor(hash, 3);
		__sync_fetch_and_or(hash, 3);
	}
	/* processor and jiffies: the verifier puts addresses of the kernel's variables in */
	if (percpu)
		*percpu += bpf_get_smp_processor_id() + bpf_jiffies64() + bpf_get_current_task();
	bpf_printk("key %d\n\"quoted\"\t\\", key);
	bpf_loop(5, code_each, 0, 0);
	total += numbers[key & 63] + limit + 0xdeadbeefcafef00dULL;
	total &= 0xffffffff00000000ULL;
	if ((int)total == (int)0x9e3779b9)
		other_total++;
	bpf_rcu_read_lock();
	total++;
	bpf_rcu_read_unlock();
	bpf_tail_call(ctx, &code_tails, 1);
	bpf_tail_call(ctx, &code_tails, key + total);
	return total / (key + total) % 3;
}

/* One function, without calls. */
SEC("tc")
int code_alone(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 14 > end)
		return 0;
	total += __builtin_bswap16(*(__u16 *)(data + 12));
	return *(__u8 *)data - 1 + skb->len;
}

char LICENSE[] SEC("license") = "GPL";
