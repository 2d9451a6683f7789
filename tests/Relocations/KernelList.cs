using Support;

namespace Relocations.Tests;

/// <summary>The kernels to try, by tools/kernel-btf.</summary>
internal static class KernelList
{
    /// <summary>Series, as tools/kernel-btf takes them, with blanks between them: "all" tries every kernel that Debian has.</summary>
    public const string Variable = "BPFFS_VIEW_KERNELS";

    private const string Default = "5.10 6.1 6.12 newest";

    public static string Repository { get; } = FindRepository();

    public static string[] Objects { get; } = Directory.GetFiles(Path.Combine(Repository, "bpf", "objects"), "*.bpf.o");

    /// <summary>Paths of BTF files: Debian's kernels, and the running one.</summary>
    public static string[] Paths()
    {
        string wanted = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : Default;
        // a fresh machine downloads a package per kernel first
        ToolResult fetched = Tool.RunFor(Patience.Of(600), Path.Combine(Repository, "tools", "kernel-btf"), wanted.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Succeeded();
        string running = "/sys/kernel/btf/vmlinux";
        return [.. fetched.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct(), .. File.Exists(running) ? (string[])[running] : []];
    }

    private static string FindRepository()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "BpfFs.sln"))) directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("no BpfFs.sln above the tests");
    }
}
