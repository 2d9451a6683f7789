// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the view's own BPF programs cost a C program that uses libbpf and serves nobody.
 *
 *   bpf-peer start OBJECT              loads all programs (but that of elements, where the kernel refuses it), attaches the iterators, prints the text of
 *                                      programs up to the first byte
 *   bpf-peer entries OBJECT MAP        prints MAP's elements, as maps/MAP/entries has them of a map without BTF
 *   bpf-peer batches MAP               the same without the iterator: by BPF_MAP_LOOKUP_BATCH, each batch twice
 *   bpf-peer one OBJECT PROG COUNT     reads the record of PROG COUNT times; prints nanoseconds
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../../../bpf/records.h"

static void die(const char *what)
{
	fprintf(stderr, "bpf-peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char elements[] = "iter/bpf_map_elem";

/* only: the one program to load; NULL: all. but: a section not to load, or NULL. */
static struct bpf_object *try_load(const char *path, const char *only, const char *but)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;

	if (!object)
		die(path);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, (!only || !strcmp(bpf_program__name(program), only)) && (!but || strcmp(bpf_program__section_name(program), but)));
	if (!bpf_object__load(object))
		return object;
	bpf_object__close(object);
	return NULL;
}

static struct bpf_object *load(const char *path, const char *only)
{
	struct bpf_object *object = try_load(path, only, NULL);

	if (!object)
		die("load");
	return object;
}

static int start(const char *path)
{
	struct bpf_object *object = try_load(path, NULL, NULL);
	struct bpf_program *program;
	int fd = -1;
	char byte;

	if (!object)
		object = try_load(path, NULL, elements);
	if (!object)
		die("load");
	bpf_object__for_each_program(program, object) {
		const char *section = bpf_program__section_name(program);
		struct bpf_link *link;

		if (strncmp(section, "iter/", 5) || !strcmp(section, elements))
			continue;
		link = bpf_program__attach_iter(program, NULL);
		if (!link)
			die(bpf_program__name(program));
		if (!strcmp(bpf_program__name(program), "dump_bpf_prog"))
			fd = bpf_iter_create(bpf_link__fd(link));
	}
	if (fd < 0 || read(fd, &byte, 1) != 1)
		die("read");
	return write(STDOUT_FILENO, &byte, 1) != 1;
}

static char out[1 << 16];
static size_t out_used;

static void hex(const unsigned char *bytes, size_t length, char end)
{
	static const char digits[] = "0123456789abcdef";

	if (out_used + length * 3 + 1 > sizeof(out)) {
		if (fwrite(out, 1, out_used, stdout) != out_used)
			die("write");
		out_used = 0;
	}
	for (size_t i = 0; i < length; i++) {
		out[out_used++] = digits[bytes[i] >> 4];
		out[out_used++] = digits[bytes[i] & 15];
		out[out_used++] = i + 1 < length ? ' ' : end;
	}
}

static int entries(const char *path, __u32 id)
{
	static unsigned char buffer[1 << 16];
	struct bpf_object *object = load(path, "map_elements");
	struct bpf_program *program = bpf_object__find_program_by_name(object, "map_elements");
	LIBBPF_OPTS(bpf_iter_attach_opts, options);
	union bpf_iter_link_info target = {};
	struct bpf_map_info info = {};
	__u32 info_size = sizeof(info);
	size_t key_room, size, used = 0;
	struct bpf_link *link;
	ssize_t got;
	int fd;

	target.map.map_fd = bpf_map_get_fd_by_id(id);
	if (bpf_obj_get_info_by_fd(target.map.map_fd, &info, &info_size))
		die("map");
	key_room = (info.key_size + 7) / 8 * 8;
	size = key_room + (info.value_size + 7) / 8 * 8 + sizeof(struct element_end_record);
	options.link_info = &target;
	options.link_info_len = sizeof(target);
	link = bpf_program__attach_iter(program, &options);
	fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	if (fd < 0)
		die("map_elements");
	while ((got = read(fd, buffer + used, sizeof(buffer) - used)) > 0 || (got < 0 && errno == EAGAIN)) {
		size_t at = 0;

		used += got > 0 ? got : 0;
		for (; used - at >= size; at += size) {
			hex(buffer + at, info.key_size, '\t');
			hex(buffer + at + key_room, info.value_size, '\n');
		}
		memmove(buffer, buffer + at, used - at);
		used -= at;
	}
	if (got < 0 || used)
		die("read");
	return fwrite(out, 1, out_used, stdout) != out_used;
}

#define BATCH 1024

static int batches(__u32 id)
{
	unsigned char *keys[2], *values[2], *cursor, *next, *unused, *swap, *in = NULL;
	int fd = bpf_map_get_fd_by_id(id), error = 0;
	struct bpf_map_info info = {};
	__u32 info_size = sizeof(info), cnt[2];

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &info_size))
		die("map");
	for (int i = 0; i < 2; i++) {
		keys[i] = malloc(BATCH * info.key_size);
		values[i] = malloc(BATCH * info.value_size);
	}
	cursor = malloc(info.key_size + 8);
	next = malloc(info.key_size + 8);
	unused = malloc(info.key_size + 8);
	while (!error) {
		for (int i = 0; i < 2; i++) {
			cnt[i] = BATCH;
			error = bpf_map_lookup_batch(fd, in, i ? unused : next, keys[i], values[i], &cnt[i], NULL);
			if (error && error != -ENOENT)
				die("bpf_map_lookup_batch");
		}
		if (cnt[0] != cnt[1] || memcmp(keys[0], keys[1], cnt[0] * info.key_size) || memcmp(values[0], values[1], cnt[0] * info.value_size)) {
			errno = EBUSY;	/* nobody writes while it is measured */
			die("map");
		}
		for (__u32 i = 0; i < cnt[0]; i++) {
			hex(keys[0] + i * info.key_size, info.key_size, '\t');
			hex(values[0] + i * info.value_size, info.value_size, '\n');
		}
		in = next;
		swap = cursor;
		cursor = next;
		next = swap;
	}
	return fwrite(out, 1, out_used, stdout) != out_used;
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int one(const char *path, __u32 id, long count)
{
	struct bpf_object *object = load(path, "one_prog");
	int program = bpf_program__fd(bpf_object__find_program_by_name(object, "one_prog"));
	static struct one_prog_record record;
	long long begin = now();

	for (long i = 0; i < count; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &record, .ctx_size_in = sizeof(record));
		int fd = bpf_prog_get_fd_by_id(id);

		record.fd = fd;	/* the kernel writes the context back to where it came from */
		if (fd < 0 || bpf_prog_test_run_opts(program, &run) || record.error || record.prog.id != id)
			die("one_prog");
		close(fd);
	}
	printf("%lld\n", now() - begin);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "start"))
		return start(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "entries"))
		return entries(argv[2], atoi(argv[3]));
	if (argc == 3 && !strcmp(argv[1], "batches"))
		return batches(atoi(argv[2]));
	if (argc == 5 && !strcmp(argv[1], "one"))
		return one(argv[2], atoi(argv[3]), atol(argv[4]));
	fprintf(stderr, "usage: bpf-peer start OBJECT | entries OBJECT MAP | batches MAP | one OBJECT PROG COUNT\n");
	return 2;
}
