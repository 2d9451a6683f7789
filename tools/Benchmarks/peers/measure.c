// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The stopwatch of tools/bench: does fixed work and prints how long that took, in nanoseconds.
 *
 *   measure run COMMAND ARG...           start to end of a process whose output goes to /dev/null
 *   measure open COUNT READERS FILE...   READERS processes together open, read and close COUNT files, each going round FILE...
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int run(char **command)
{
	long long start = now();
	pid_t child = vfork();
	int status;

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execvp(command[0], command);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		die(command[0]);
	start = now() - start;
	if (status) {
		fprintf(stderr, "measure: %s: wait status %d\n", command[0], status);
		return 1;
	}
	printf("%lld\n", start);
	return 0;
}

static void read_files(long count, char **files, int file_cnt)
{
	static char buffer[1 << 16];

	for (long i = 0; i < count; i++) {
		const char *path = files[i % file_cnt];
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || read(fd, buffer, sizeof(buffer)) <= 0)
			die(path);
		close(fd);
	}
}

/* The readers wait for each other at the start, so that what is measured is all of them at work. */
static int open_files(long count, int readers, char **files, int file_cnt)
{
	volatile int *go = mmap(NULL, sizeof(*go), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int failed = 0, status;
	long long start;

	if (go == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < readers; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0) {
			read_files(1, files, file_cnt);
			while (!*go)
				usleep(100);
			read_files(count / readers, files, file_cnt);
			_exit(0);
		}
	}
	usleep(100000);
	start = now();
	*go = 1;
	for (int i = 0; i < readers; i++)
		failed |= wait(&status) < 0 || status;
	printf("%lld\n", now() - start);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc > 4 && !strcmp(argv[1], "open"))
		return open_files(atol(argv[2]), atoi(argv[3]), argv + 4, argc - 4);
	fprintf(stderr, "usage: measure run COMMAND ARG... | measure open COUNT READERS FILE...\n");
	return 2;
}
