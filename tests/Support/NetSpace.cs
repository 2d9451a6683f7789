using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Support;

/// <summary>
/// A network namespace of its own, with a process in it that keeps it and that nobody can be told by /proc but root. Where the kernel has no handles of
/// namespaces it has a name, too: the view would not reach it.
/// </summary>
public sealed partial class NetSpace : IDisposable
{
    private const int CloneNewNet = 0x40000000;
    private readonly Process _keeper;
    private readonly string? _name;

    public NetSpace()
    {
        string own = InodeOf("self");
        _keeper = Process.Start("unshare", ["--net", "sleep", "600"]);
        if (Poll.Until(() => InodeOf($"{_keeper.Id}") is var inode && inode.Length > 0 && inode != own, 10))
        {
            Inode = uint.Parse(InodeOf($"{_keeper.Id}"), CultureInfo.InvariantCulture);
            if (!KernelNames.Lacks("nsfs_file_handle", "6.18")) return;
            _name = $"bpffs-view-space-{_keeper.Id}";
            Tool.Run("ip", "netns", "attach", _name, $"{_keeper.Id}").Succeeded();
            return;
        }
        Dispose();
        throw new InvalidOperationException("unshare --net: no new network namespace");
    }

    public uint Inode { get; }

    /// <summary>Runs a program in it.</summary>
    public ToolResult Run(string program, params IEnumerable<string> arguments) => Tool.Run("nsenter", ["-t", $"{_keeper.Id}", "-n", program, .. arguments]);

    /// <summary>Does something in it, on a thread that then ends.</summary>
    public T Do<T>(Func<T> action)
    {
        T? result = default;
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                using var fd = File.OpenHandle($"/proc/{_keeper.Id}/ns/net");
                if (setns((int)fd.DangerousGetHandle(), CloneNewNet) != 0) throw Bpf.Failed(Marshal.GetLastPInvokeError(), "setns");
                result = action();
            }
#pragma warning disable CA1031 // it is thrown again below
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new InvalidOperationException(failure.Message, failure);
    }

    /// <summary>Number of a device in it.</summary>
    public int IndexOf(string device) =>
        int.Parse(Run("cat", $"/sys/class/net/{device}/ifindex") is { Code: 0 } read ? read.Output : Run("ip", "-o", "link", "show", device).Succeeded().Output.Split(':')[0], CultureInfo.InvariantCulture);

    public void Dispose()
    {
        if (_name is not null) Tool.Run("ip", "netns", "delete", _name);
        _keeper.Kill();
        _keeper.WaitForExit();
        _keeper.Dispose();
    }

    private static string InodeOf(string pid)
    {
        try
        {
            string name = new FileInfo($"/proc/{pid}/ns/net").LinkTarget ?? "";
            return name[(name.IndexOf('[') + 1)..].TrimEnd(']');
        }
        catch (IOException)
        {
            return "";
        }
    }

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int setns(int fd, int type);
}
