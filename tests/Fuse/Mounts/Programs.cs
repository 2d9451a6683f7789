namespace Fuse.Tests;

/// <summary>System calls that .NET has no method for, as small C programs, compiled once.</summary>
public sealed class Programs : IDisposable
{
    private readonly string _directory = SampleServer.NewDirectory();

    public Programs()
    {
        SeekDir = Gcc.Compile(SeekDirSource, _directory, "seekdir");
        Modify = Gcc.Compile(ModifySource, _directory, "modify");
        ListSlowly = Gcc.Compile(ListSlowlySource, _directory, "list_slowly");
        Types = Gcc.Compile(TypesSource, _directory, "types");
        Deny = Gcc.Compile(DenySource, _directory, "deny");
    }

    public string SeekDir { get; }

    public string Modify { get; }

    public string Deny { get; }

    public string ListSlowly { get; }

    public string Types { get; }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // Lists a directory, remembers where each 100th entry began, goes back there in reverse and compares the names.
    private const string SeekDirSource = """
        #include <dirent.h>
        #include <stdio.h>
        #include <string.h>
        static char names[200][256];
        static long places[200];
        int main(int argc, char **argv)
        {
            DIR *d = opendir(argv[1]);
            struct dirent *e;
            int n = 0, kept = 0, wrong = 0;
            if (!d)
                return 1;
            for (long at = telldir(d); (e = readdir(d)); at = telldir(d), n++) {
                if (n % 100 == 0 && kept < 200) {
                    places[kept] = at;
                    strcpy(names[kept++], e->d_name);
                }
            }
            for (int i = kept - 1; i >= 0; i--) {
                seekdir(d, places[i]);
                e = readdir(d);
                wrong += !e || strcmp(e->d_name, names[i]);
            }
            rewinddir(d);
            e = readdir(d);
            wrong += !e || strcmp(e->d_name, ".");
            printf("%d %d %d", n, kept, wrong);
            return 0;
        }
        """;

    // Lists a directory N times in pieces of 1 KiB, and prints how many names with an even number were missing or twice, and how many others twice.
    private const string ListSlowlySource = """
        #include <dirent.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        int main(int argc, char **argv)
        {
            int wrong = 0, twice = 0;
            for (int round = atoi(argv[2]); round > 0; round--) {
                static char seen[100000], buffer[1024];
                int fd = open(argv[1], O_RDONLY | O_DIRECTORY), count = atoi(argv[3]);
                long length;
                memset(seen, 0, sizeof(seen));
                while ((length = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
                    for (long at = 0; at < length; at += ((struct dirent64 *)(buffer + at))->d_reclen) {
                        struct dirent64 *e = (struct dirent64 *)(buffer + at);
                        if (e->d_name[0] != '.')
                            seen[atoi(e->d_name + 1)]++;
                    }
                }
                if (fd < 0 || length < 0)
                    return 1;
                close(fd);
                for (int i = 0; i < count; i++) {
                    wrong += i % 2 == 0 && seen[i] != 1;
                    twice += i % 2 == 1 && seen[i] > 1;
                }
            }
            printf("%d %d", wrong, twice);
            return 0;
        }
        """;

    // Prints each entry of a directory whose d_type or d_ino is not what lstat(2) says, and how many were right.
    private const string TypesSource = """
        #include <dirent.h>
        #include <stdio.h>
        #include <sys/stat.h>
        #include <unistd.h>
        int main(int argc, char **argv)
        {
            DIR *d = opendir(argv[1]);
            struct dirent *e;
            struct stat st;
            int right = 0;
            if (!d || chdir(argv[1]))
                return 1;
            while ((e = readdir(d))) {
                if (lstat(e->d_name, &st) || e->d_type != (st.st_mode >> 12) || (e->d_name[0] != '.' && e->d_ino != st.st_ino))
                    printf("%s: type %d ino %lu, mode %o ino %lu\n", e->d_name, e->d_type, e->d_ino, st.st_mode, st.st_ino);
                else
                    right++;
            }
            printf("%d right", right);
            return 0;
        }
        """;

    // deny NUMBER PROGRAM...: runs the program with a filter that answers one system call with EPERM.
    private const string DenySource = """
        #include <errno.h>
        #include <linux/filter.h>
        #include <linux/seccomp.h>
        #include <stdlib.h>
        #include <sys/prctl.h>
        #include <unistd.h>
        int main(int argc, char **argv)
        {
            struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, atoi(argv[1]), 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
            };
            struct sock_fprog program = { 4, code };
            if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
                return 1;
            execvp(argv[2], argv + 2);
            return 1;
        }
        """;

    // Tries every way to modify and prints those that did not fail with EROFS.
    private const string ModifySource = """
        #include <errno.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <sys/stat.h>
        #include <sys/xattr.h>
        #include <unistd.h>
        static int tried;
        #define TRY(call) do { errno = 0; tried++; if ((call) != -1 || errno != EROFS) printf("%s: %d\n", #call, errno); } while (0)
        int main(int argc, char **argv)
        {
            if (chdir(argv[1]))
                return 1;
            TRY(open("hello", O_WRONLY));
            TRY(open("hello", O_RDWR));
            TRY(open("hello", O_RDONLY | O_TRUNC));
            TRY(open("new", O_CREAT | O_WRONLY, 0600));
            TRY(open("new", O_CREAT | O_EXCL | O_RDONLY, 0600));
            TRY(open(".", O_TMPFILE | O_WRONLY, 0600));
            TRY(mkdir("new", 0700));
            TRY(mknod("new", S_IFIFO | 0600, 0));
            TRY(symlink("hello", "new"));
            TRY(link("hello", "new"));
            TRY(unlink("hello"));
            TRY(rmdir("many"));
            TRY(rename("hello", "new"));
            TRY(renameat2(AT_FDCWD, "hello", AT_FDCWD, "big", 2));
            TRY(chmod("hello", 0600));
            TRY(chown("hello", 1, 1));
            TRY(truncate("hello", 1));
            TRY(utimensat(AT_FDCWD, "hello", NULL, 0));
            TRY(setxattr("hello", "user.x", "y", 1, 0));
            TRY(removexattr("hello", "user.x"));
            printf("%d tried", tried);
            return 0;
        }
        """;
}
