using System.Globalization;
using BpfFs.Command;
using static BpfFs.Native.LibC;

namespace BpfFs.Tests.Command;

/// <summary>The filter, run as the kernel runs it, on calls that matter.</summary>
public sealed class SystemCallFilterTests
{
    private const uint Denied = SECCOMP_RET_ERRNO | 1; // EPERM
    private const uint Unknown = SECCOMP_RET_ERRNO | 38; // ENOSYS

    [Theory]
    [InlineData(0, 0, 0, 0, SECCOMP_RET_ALLOW)] // read
    [InlineData(321, 0, 0, 0, SECCOMP_RET_ALLOW)] // bpf
    [InlineData(59, 0, 0, 0, Denied)] // execve
    [InlineData(322, 0, 0, 0, Denied)] // execveat
    [InlineData(101, 0, 0, 0, Denied)] // ptrace
    [InlineData(165, 0, 0, 0, Denied)] // mount
    [InlineData(57, 0, 0, 0, Denied)] // fork
    [InlineData(56, 0x11, 0, 0, Denied)] // clone: a process
    [InlineData(56, 0x3d0f00, 0, 0, SECCOMP_RET_ALLOW)] // clone: a thread, as pthread_create() makes it
    [InlineData(435, 0, 0, 0, Unknown)] // clone3
    [InlineData(257, 0, 0, 0x80000, SECCOMP_RET_ALLOW)] // openat O_RDONLY | O_CLOEXEC
    [InlineData(257, 0, 0, 0x90000, SECCOMP_RET_ALLOW)] // O_DIRECTORY
    [InlineData(257, 0, 0, 1, Denied)] // O_WRONLY
    [InlineData(257, 0, 0, 2, Denied)] // O_RDWR
    [InlineData(257, 0, 0, 0x40, Denied)] // O_CREAT
    [InlineData(257, 0, 0, 0x410002, Denied)] // O_TMPFILE | O_RDWR
    [InlineData(2, 0, 1, 0, Denied)] // open O_WRONLY
    [InlineData(437, 0, 0, 0, Denied)] // openat2: its flags are in memory
    [InlineData(9, 0, 0x100000, 3, SECCOMP_RET_ALLOW)] // mmap read, write
    [InlineData(9, 0, 0, 4, Denied)] // mmap PROT_EXEC
    [InlineData(10, 0, 0, 5, Denied)] // mprotect PROT_EXEC
    [InlineData(41, 1, 0, 0, SECCOMP_RET_ALLOW)] // socket AF_UNIX
    [InlineData(41, 16, 0, 0, SECCOMP_RET_ALLOW)] // AF_NETLINK
    [InlineData(41, 2, 0, 0, Denied)] // AF_INET
    [InlineData(425, 0, 0, 0, Denied)] // io_uring_setup
    [InlineData(0x40000000, 0, 0, 0, Denied)] // read of x32
    public void Calls(uint number, ulong first, ulong second, ulong third, uint expected)
    {
        Assert.Equal(expected, Run(SystemCallFilter.Build(withRings: false), AUDIT_ARCH_X86_64, number, first, second, third));
        Assert.Equal(Denied, Run(SystemCallFilter.Build(withRings: false), 0x40000003, number, first, second, third)); // int 0x80: i386's numbers
    }

    [Fact]
    public void Rings_only_where_they_are_used() =>
        Assert.All([425u, 426u, 427u], number => Assert.Equal(SECCOMP_RET_ALLOW, Run(SystemCallFilter.Build(withRings: true), AUDIT_ARCH_X86_64, number, 0, 0, 0)));

    [Fact]
    public void Each_rule_is_one_call()
    {
        Assert.Equal(SystemCallFilter.Rules.Length, SystemCallFilter.Rules.Select(rule => rule.Number).Distinct().Count());
        Assert.InRange(SystemCallFilter.Build(withRings: true).Length, 1, 4096); // BPF_MAXINSNS
    }

    [Fact]
    public void Numbers_are_the_headers()
    {
        const string header = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"; // linux-libc-dev, without which nothing is linked
        Dictionary<string, int> numbers = File.ReadLines(header)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["#define", _, _] && words[1].StartsWith("__NR_", StringComparison.Ordinal))
            .ToDictionary(words => words[1]["__NR_".Length..], words => int.Parse(words[2], CultureInfo.InvariantCulture));
        Assert.All(SystemCallFilter.Rules, rule => Assert.Equal(numbers[rule.Name], rule.Number));
    }

    /// <summary>The part of classic BPF that the filter is made of.</summary>
    private static uint Run(sock_filter[] program, uint architecture, uint number, params ulong[] arguments)
    {
        uint accumulator = 0;
        for (int i = 0; ; i++)
        {
            sock_filter at = program[i];
            switch (at.code)
            {
                case BPF_LD_W_ABS:
                    accumulator = (int)at.k switch
                    {
                        SECCOMP_DATA_NR => number,
                        SECCOMP_DATA_ARCH => architecture,
                        _ => (uint)arguments[((int)at.k - SECCOMP_DATA_ARGS) / 8],
                    };
                    break;
                case BPF_JEQ_K:
                    i += accumulator == at.k ? at.jt : at.jf;
                    break;
                case BPF_JSET_K:
                    i += (accumulator & at.k) != 0 ? at.jt : at.jf;
                    break;
                case BPF_RET_K:
                    return at.k;
                default:
                    Assert.Fail($"code {at.code:x}");
                    break;
            }
        }
    }
}
