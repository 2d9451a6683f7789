using System.Diagnostics;
using System.Globalization;
using Fuse;
using Iterators;
using Microsoft.Extensions.Logging.Abstractions;
using static Tmds.Linux.LibC;

namespace BpfFs.Command;

/// <summary><c>bpffs-view check</c>: what this kernel and these privileges allow. It leaves nothing behind.</summary>
internal sealed class CheckCommand(MountSettings settings)
{
    private readonly List<(string Name, string State, string Detail)> _rows = [];
    private readonly List<string> _lacking = [];
    private ExitCode _code = ExitCode.Ok;

    /// <summary>Prints the table. Gives what a start would fail with, or Ok if the view would be complete.</summary>
    public ExitCode Run(TextWriter output)
    {
        Add("kernel", "ok", File.ReadAllText("/proc/sys/kernel/osrelease").Trim());
        bool isPrivileged = CheckPrivileges();
        bool hasBtf = CheckBtf();
        CheckFuse();
        CheckBpffs();
        CheckTargets();
        Add("libbpf", "ok", LibBpfInfo.Version);
        if (isPrivileged && hasBtf) CheckLoad();
        (string state, string detail) = _code switch
        {
            ExitCode.Ok => ("complete", "everything works"),
            ExitCode.Incomplete => ("incomplete", $"works, but lacks: {string.Join("; ", _lacking)}"),
            _ => ("nothing works", "see above"),
        };
        Add("view", state, detail);
        int[] widths = [_rows.Max(row => row.Name.Length) + 2, _rows.Max(row => row.State.Length) + 2];
        foreach (var row in _rows)
        {
            output.WriteLine(row.Name.PadRight(widths[0]) + row.State.PadRight(widths[1]) + row.Detail);
        }
        return _code;
    }

    private bool CheckPrivileges()
    {
        if (Privileges.Has(Privileges.CAP_SYS_ADMIN))
        {
            Add("privileges", "ok", "CAP_SYS_ADMIN");
            return true;
        }
        bool loads = Privileges.Has(Privileges.CAP_BPF) && Privileges.Has(Privileges.CAP_PERFMON);
        string why = loads ? "CAP_SYS_ADMIN: CAP_BPF and CAP_PERFMON load iterators, but do not mount" : "CAP_SYS_ADMIN (run as root)";
        Lacks(ExitCode.NotPermitted, "privileges", "missing", why);
        return false;
    }

    private bool CheckBtf()
    {
        (string path, long size) = KernelBtf.Find(settings.KernelBtf);
        if (size > 0) Add("BTF", "ok", string.Create(CultureInfo.InvariantCulture, $"{path}, {size >> 10} KiB"));
        else Lacks(ExitCode.KernelLacks, "BTF", "missing", $"{path}: the kernel must be built with CONFIG_DEBUG_INFO_BTF");
        return size > 0;
    }

    private void CheckFuse()
    {
        try
        {
            KernelFuse kernel = FuseProbe.Ask();
            Add("FUSE", "ok", string.Create(CultureInfo.InvariantCulture, $"protocol {kernel.Major}.{kernel.Minor}"));
            if (kernel.OffersIoUring) Add("FUSE over io_uring", "ok", "offered");
            else Add("FUSE over io_uring", "off", "optional: since Linux 6.14, with Y in /sys/module/fuse/parameters/enable_uring");
            if (kernel.OffersResend) Add("restart", "ok", "a killed server's readers do not notice");
            else Add("restart", "absent", "since Linux 6.9; before, a killed server's readers get errors");
        }
        catch (FuseException e)
        {
            bool isForbidden = e.Errno == EPERM || e.Errno == EACCES;
            Lacks(isForbidden ? ExitCode.NotPermitted : ExitCode.KernelLacks, "FUSE", isForbidden ? "not permitted" : "missing", e.Message);
        }
    }

    private void CheckBpffs()
    {
        const string standard = "/sys/fs/bpf";
        bool isMounted = File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ') is [_, standard, "bpf", ..]);
        if (isMounted) Add("bpffs", "ok", standard);
        else if (Directory.Exists(standard)) Add("bpffs", "ok", $"{standard}: not mounted yet; the view mounts it");
        else Lacks(ExitCode.KernelLacks, "bpffs", "missing", $"{standard}: the kernel must be built with CONFIG_BPF_SYSCALL");
    }

    private void CheckTargets()
    {
        Target[] targets = [.. BpfPrograms.Rows.Select(row => row.Target).Distinct()];
        static string nameInBtf(Target target) => target == Target.Syscall ? "BPF_PROG_TYPE_SYSCALL" : $"bpf_iter_{target.Name}";
        bool[] found = KernelBtf.Search(settings.KernelBtf, [.. targets.Select(nameInBtf)]);
        foreach ((Target target, bool isThere) in targets.Zip(found))
        {
            string name = target == Target.Syscall ? "program type syscall" : $"iterator {target.Name}";
            Add(name, isThere ? "ok" : "absent", $"since Linux {target.Since}");
        }
    }

    private void CheckLoad()
    {
        var watch = Stopwatch.StartNew();
        try
        {
            using IteratorSet iterators = IteratorSet.Load(new IteratorSetOptions { KernelBtf = settings.KernelBtf, Broken = MountSettings.Broken }, NullLogger.Instance); // what it would say is in the table
            iterators.LoadAll();
            ProgramState[] missing = [.. iterators.Programs.Where(program => program.Missing is not null)];
            foreach (ProgramState program in missing)
            {
                if (program.Row.Lacks.Length == 0) Add(program.Row.Name, "replaced", program.Missing!);
                else Lacks(ExitCode.Incomplete, program.Row.Name, "missing", program.Missing!);
            }
            _lacking.AddRange(missing.Select(program => program.Row.Lacks).Where(lacks => lacks.Length > 0).Distinct());
            if (!iterators.ReadsMemory) Add("kernel memory", "refused", KernelMemory.Forbidden);
            int all = BpfPrograms.Rows.Count;
            Add("programs", missing.Length == 0 ? "ok" : "incomplete", string.Create(CultureInfo.InvariantCulture, $"{all - missing.Length} of {all} loaded in {watch.ElapsedMilliseconds} ms"));
        }
        catch (BpfException e)
        {
            CommandException failure = CommandException.Load(e);
            Lacks(failure.Code, "programs", "refused", e.Message);
        }
    }

    private void Add(string name, string state, string detail) => _rows.Add((name, state, detail));

    private void Lacks(ExitCode code, string name, string state, string detail)
    {
        Add(name, state, detail);
        if (_code is ExitCode.Ok or ExitCode.Incomplete || code == ExitCode.NotPermitted) _code = code; // without privileges the rest is not known for certain
    }
}
