// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Maps whose keys and values have every kind of type that C has. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum colour { RED, GREEN = 5, BLUE = -1 };

struct point {
	int x, y;
};

struct everything {
	signed char tiny;
	unsigned short small;
	int negative;
	unsigned long long huge;
	_Bool yes;
	char letter;
	char text[8];
	enum colour colour;
	unsigned int low : 3, middle : 7;
	int sign : 4;
	struct point at;
	struct point corners[2];
	int grid[2][3];
	union {
		unsigned int word;
		unsigned char bytes[4];
	};
	void *pointer;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct point);
	__type(value, struct everything);
} everything_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16);
	__type(key, unsigned int);
	__type(value, struct point);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, long long);
} numbers SEC(".maps");

struct counted {
	unsigned long long a, b, c, d, e, f, g, h;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 100000);
	__type(key, unsigned int);
	__type(value, struct counted);
} many SEC(".maps");

/* Longer than the 15 characters that the kernel keeps of a program's name; BTF has it whole. */
SEC("socket")
int a_function_with_a_very_long_name(struct __sk_buff *skb)
{
	unsigned int key = 0;

	return bpf_map_lookup_elem(&per_cpu, &key) ? 1 : 0;
}

char _license[] SEC("license") = "GPL";
