using Iterators;

namespace BpfFs.Command;

/// <summary>The kernel's description of its own types, without which no iterator can be loaded.</summary>
internal static class KernelBtf
{
    /// <summary>The file and its size in bytes; 0: it is missing or empty.</summary>
    public static (string Path, long Size) Find(string? path)
    {
        var file = new FileInfo(path ?? KernelTypes.Path);
        return (file.FullName, file.Exists ? file.Length : 0);
    }

    /// <exception cref="CommandException">There is none.</exception>
    public static void Require(string? path)
    {
        (string found, long size) = Find(path);
        if (size > 0) return;
        throw new CommandException(ExitCode.KernelLacks, $"load {found}: the kernel has no BTF (it must be built with CONFIG_DEBUG_INFO_BTF)");
    }

    /// <summary>Which of some names are names of types in it; none, if it cannot be read.</summary>
    public static bool[] Search(string? path, IReadOnlyList<string> names) =>
        Find(path).Size == 0 ? new bool[names.Count] : KernelTypes.Search(path, names);
}
