using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>How to load an object.</summary>
internal sealed record BpfLoadOptions
{
    /// <summary>The running kernel's iterators.</summary>
    public required IteratorTargets Targets { get; init; }

    /// <summary>A BTF file to take for the running kernel's, or null.</summary>
    public string? KernelBtf { get; init; }

    /// <summary>Which programs to load, by name and section; null: all.</summary>
    public Func<string, string, bool>? IsWanted { get; init; }

    /// <summary>What the section <c>.rodata.setup</c> is to hold in objects that have one.</summary>
    public setup_record Setup { get; init; }

    /// <summary>Programs that the kernel is given broken, so that it refuses them: for tests.</summary>
    public IReadOnlyCollection<string> Broken { get; init; } = [];
}

/// <summary>
/// One compiled object (bpf/objects/*.bpf.o, or somebody's own), loaded into the kernel. Each of its programs is there or is not, with the reason: libbpf prepares them all
/// (relocations, maps), and each is then loaded by itself, so that one which the kernel refuses takes no other with it, and nothing is done twice. Disposing it unloads every
/// program that no link or pin holds.
/// </summary>
/// <remarks>
/// libbpf ends at the first program that fails, and offers no way to load one. But before it loads a program it calls who has registered for its section, with the attributes
/// it would load it with (libbpf_register_prog_handler, libbpf 1.0). There the program is loaded, and libbpf is left two instructions in its place, which go when the object is closed.
/// </remarks>
internal sealed unsafe class BpfObject : IDisposable
{
    private const int LongestLog = 16 << 20; // UINT_MAX >> 8: the most that kernels before 5.2 take
    private const int ShortestLog = 1 << 20;
    private const int BPF_PROG_TYPE_SOCKET_FILTER = 1;
    private const int BPF_PROG_TYPE_TRACING = 26;
    private const int BPF_PROG_TYPE_SYSCALL = 31;
    private const uint BPF_F_SLEEPABLE = 1 << 4;
    private static readonly Lock s_lock = new();
    private static bool s_isRegistered;

    /// <summary>What this thread's call of bpf_object__load() loads: libbpf calls back on the same thread.</summary>
    [ThreadStatic]
    private static BpfObject? t_loading;

    private readonly string _name;
    private readonly BpfLoadOptions _options;
    private readonly byte[] _license;
    private readonly Dictionary<string, uint> _targets = []; // of iterators: their type ids
    private readonly Dictionary<string, int> _programs = [];
    private readonly Dictionary<string, int> _maps = [];
    private readonly Dictionary<string, Refusal> _refusals = [];
    private string? _last; // the program that libbpf was about to load last

    private BpfObject(string name, BpfLoadOptions options, byte[] license)
    {
        _name = name;
        _options = options;
        _license = license;
    }

    /// <summary>Why programs are missing, by their names.</summary>
    public IReadOnlyDictionary<string, Refusal> Refusals => _refusals;

    /// <summary>Name and section of every program that was wanted, loaded or not.</summary>
    public List<(string Name, string Section)> Programs { get; } = [];

    /// <summary>Loads an embedded object.</summary>
    /// <exception cref="BpfException">None of its programs could be tried.</exception>
    public static BpfObject Load(string name, BpfLoadOptions options)
    {
        using var stream = (UnmanagedMemoryStream)(typeof(BpfObject).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"no embedded object {name}"));
        return Load(name, stream.PositionPointer, (nuint)stream.Length, options); // it lies in the loaded image: libbpf reads it in place
    }

    /// <summary>Loads an object that lies in memory.</summary>
    /// <exception cref="BpfException">It cannot be parsed, or none of its programs could be tried: no privileges, no BTF of the kernel.</exception>
    public static BpfObject Load(string name, byte* bytes, nuint length, BpfLoadOptions options)
    {
        var loaded = new BpfObject(name, options, ElfObject.LicenseOf(new ReadOnlySpan<byte>(bytes, (int)length)));
        try
        {
            Register();
            Dictionary<string, Refusal> leftOut = [];
            BpfException? failure;
            while (!loaded.TryLoad(bytes, length, p => !leftOut.ContainsKey(p), out failure) && !LoadAttempt.Passes(failure!.Errno) && loaded._last is { } last)
            {
                // What refuses a program for its name (a security module) refuses as well what libbpf was left in its place, and there libbpf ends.
                leftOut[last] = loaded._refusals.GetValueOrDefault(last) ?? new Refusal(RefusalStage.Load, failure.Errno, "");
            }
            if (failure is not null)
            {
                // A relocation that cannot be done at all ends libbpf before the first program. Whose it is shows when each is tried alone.
                if (IsOfAll(failure, name)) throw failure;
                string[] wanted = [.. loaded.Programs.Select(p => p.Name).Where(p => !loaded._refusals.ContainsKey(p) && !leftOut.ContainsKey(p))];
                List<string> prepared = [];
                foreach (string program in wanted)
                {
                    if (loaded.TryLoad(bytes, length, p => p == program, out BpfException? alone)) prepared.Add(program);
                    else leftOut[program] = new Refusal(RefusalStage.Object, alone!.Errno, alone.Cause);
                }
                if (prepared.Count == 0 || prepared.Count == wanted.Length || !loaded.TryLoad(bytes, length, prepared.Contains, out _)) throw failure;
            }
            foreach ((string program, Refusal refusal) in leftOut) loaded._refusals[program] = refusal;
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>A program's descriptor, which this object keeps; negative: it is missing.</summary>
    public int ProgramFd(string program) => _programs.GetValueOrDefault(program, -LibC.ENOSYS);

    /// <summary>The descriptor of a map, which this object keeps.</summary>
    public int MapFd(string map) => _maps.GetValueOrDefault(map, -LibC.ENOENT);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (int fd in _programs.Values.Concat(_maps.Values))
        {
            LastingDescriptors.Remove(fd);
            LibC.close(fd);
        }
        _programs.Clear();
        _maps.Clear();
    }

    /// <summary>Whether what failed would fail for each program: privileges, memory, descriptors, the kernel's BTF.</summary>
    private static bool IsOfAll(BpfException e, string name) =>
        e.Errno == LibC.EPERM || e.Errno == LibC.EACCES || e.Errno == LibC.ENOMEM || e.Errno == LibC.EMFILE || e.Errno == LibC.ENFILE || e.Object != name;

    /// <summary>Loads all programs, or some; false: libbpf ended before its last program, and nothing is left of it.</summary>
    private bool TryLoad(byte* bytes, nuint length, Predicate<string> takes, out BpfException? failure)
    {
        failure = null;
        _last = null;
        Dispose();
        _refusals.Clear();
        FindTargets(["bpf_map"]); // so that it is known in which form libbpf wants the kernel's BTF
        nint handle = Open(bytes, length, _options.KernelBtf ?? _options.Targets.KernelBtf);
        try
        {
            if (!Choose(handle, takes)) return true;
            FillSetup(handle);
            t_loading = this;
            LibBpfLog.Clear();
            int result = LibBpf.bpf_object__load(handle);
            t_loading = null;
            if (result == 0)
            {
                TakeMaps(handle);
                return true;
            }
            Dispose();
            // libbpf says only EIO, ENOENT or EINVAL of the object
            failure = HasKernelBtf() ? Failure("load", _name, -result) : NoKernelBtf(-result);
            return false;
        }
        finally
        {
            t_loading = null;
            LibBpf.bpf_object__close(handle);
        }
    }

    private nint Open(byte* bytes, nuint length, string? kernelBtf)
    {
        fixed (byte* objectName = "bpffs_view"u8)
        fixed (byte* btf = kernelBtf is null ? null : Encoding.UTF8.GetBytes(kernelBtf + '\0'))
        {
            var opts = new LibBpf.bpf_object_open_opts
            {
                sz = (nuint)sizeof(LibBpf.bpf_object_open_opts),
                object_name = objectName,
                btf_custom_path = btf,
            };
            nint handle = LibBpf.bpf_object__open_mem(bytes, length, &opts);
            return handle == 0 ? throw Failure("open", _name, Marshal.GetLastPInvokeError()) : handle;
        }
    }

    /// <summary>Leaves out what is not wanted, and iterators that the kernel has no target for; false: nothing is left.</summary>
    private bool Choose(nint handle, Predicate<string> takes)
    {
        Programs.Clear();
        List<(nint Program, string Name, string Section)> chosen = [];
        for (nint p = LibBpf.bpf_object__next_program(handle, 0); p != 0; p = LibBpf.bpf_object__next_program(handle, p))
        {
            (string name, string section) = (Text(LibBpf.bpf_program__name(p)), Text(LibBpf.bpf_program__section_name(p)));
            if (_options.IsWanted?.Invoke(name, section) != false)
            {
                Programs.Add((name, section));
                if (takes(name)) chosen.Add((p, name, section));
                else LibBpf.bpf_program__set_autoload(p, false);
            }
            else
            {
                LibBpf.bpf_program__set_autoload(p, false);
            }
        }
        string[] targets = [.. chosen.Select(c => TargetOf(c.Section) ?? "")];
        uint[] ids = FindTargets([.. targets.Where(t => t.Length > 0)]);
        bool any = false;
        int next = 0;
        for (int i = 0; i < chosen.Count; i++)
        {
            uint id = targets[i].Length > 0 ? ids[next++] : 0;
            if (targets[i].Length > 0 && id == 0)
            {
                _refusals[chosen[i].Name] = new Refusal(RefusalStage.Target, LibC.ENOENT, targets[i]);
                LibBpf.bpf_program__set_autoload(chosen[i].Program, false);
                continue;
            }
            _targets[chosen[i].Name] = id;
            any = true;
        }
        return any;
    }

    /// <summary>What stands behind <c>iter/</c> in a section's name; null: its programs are no iterators.</summary>
    public static string? TargetOf(string section) =>
        section.StartsWith("iter/", StringComparison.Ordinal) ? section[5..] : section.StartsWith("iter.s/", StringComparison.Ordinal) ? section[7..] : null;

    private void FillSetup(nint handle)
    {
        fixed (byte* name = ".rodata.setup"u8)
        {
            nint map = LibBpf.bpf_object__find_map_by_name(handle, name);
            if (map == 0) return;
            nuint size;
            void* value = LibBpf.bpf_map__initial_value(map, &size);
            if (value is null || size < (nuint)sizeof(setup_record)) throw new InvalidOperationException($"{_name}: .rodata.setup is not as large as its record");
            *(setup_record*)value = _options.Setup;
        }
    }

    private static void Register()
    {
        lock (s_lock)
        {
            if (s_isRegistered) return;
            var opts = new LibBpf.libbpf_prog_handler_opts { sz = (nuint)sizeof(LibBpf.libbpf_prog_handler_opts), prog_prepare_load_fn = &Prepare };
            foreach (string section in (string[])["iter+", "iter.s+", "syscall"])
            {
                fixed (byte* name = Encoding.UTF8.GetBytes(section + '\0'))
                {
                    int handler = LibBpf.libbpf_register_prog_handler(name, BPF_PROG_TYPE_SOCKET_FILTER, 0, &opts);
                    if (handler < 0) throw new BpfException("register", section, -handler);
                }
            }
            s_isRegistered = true;
        }
    }

    /// <summary>libbpf is about to load a program.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Prepare(nint program, LibBpf.bpf_prog_load_opts* opts, nint cookie)
    {
        if (t_loading is not { } loading) return -LibC.EINVAL;
        loading.LoadProgram(program, opts);
        ReadOnlySpan<ulong> nothing = [0xb7, 0x95]; // r0 = 0; exit
        fixed (ulong* instructions = nothing)
        {
            *opts = new LibBpf.bpf_prog_load_opts { sz = opts->sz };
            return LibBpf.bpf_program__set_insns(program, instructions, (nuint)nothing.Length);
        }
    }

    private void LoadProgram(nint program, LibBpf.bpf_prog_load_opts* opts)
    {
        (string name, string section) = (Text(LibBpf.bpf_program__name(program)), Text(LibBpf.bpf_program__section_name(program)));
        _last = name;
        bool isIterator = TargetOf(section) is not null;
        opts->expected_attach_type = isIterator ? LibBpf.BPF_TRACE_ITER : 0;
        opts->attach_btf_id = _targets[name];
        if (!isIterator || section.StartsWith("iter.s/", StringComparison.Ordinal)) opts->prog_flags |= BPF_F_SLEEPABLE;
        ulong* instructions = (ulong*)LibBpf.bpf_program__insns(program);
        if (_options.Broken.Contains(name)) *instructions = 0xff; // no such instruction
        int fd = Load(program, isIterator ? BPF_PROG_TYPE_TRACING : BPF_PROG_TYPE_SYSCALL, instructions, opts);
        if (fd >= 0)
        {
            _programs[name] = fd;
            LastingDescriptors.Add(fd);
            return;
        }
        // Only now with a log, which makes the verifier slow.
        string words = "";
        for (int size = ShortestLog; ; size *= 4)
        {
            byte* log = (byte*)NativeMemory.Alloc((nuint)size);
            log[0] = 0;
            opts->log_level = 1;
            opts->log_buf = log;
            opts->log_size = (uint)size;
            int again = Load(program, isIterator ? BPF_PROG_TYPE_TRACING : BPF_PROG_TYPE_SYSCALL, instructions, opts);
            words = Marshal.PtrToStringUTF8((nint)log) ?? "";
            NativeMemory.Free(log);
            if (again >= 0) LibC.close(again);
            if (again != -LibC.ENOSPC || size >= LongestLog) break;
        }
        LibBpfLog.Said($"{name}: {Marshal.GetPInvokeErrorMessage(-fd)}\n{words}");
        _refusals[name] = new Refusal(RefusalStage.Load, -fd, Refusal.LastLine(words));
    }

    private int Load(nint program, int type, ulong* instructions, LibBpf.bpf_prog_load_opts* opts)
    {
        fixed (byte* license = _license)
        {
            return LibBpf.bpf_prog_load(type, LibBpf.bpf_program__name(program), license, instructions, LibBpf.bpf_program__insn_cnt(program), opts);
        }
    }

    /// <summary>The maps outlive libbpf's object.</summary>
    private void TakeMaps(nint handle)
    {
        for (nint m = LibBpf.bpf_object__next_map(handle, 0); m != 0; m = LibBpf.bpf_object__next_map(handle, m))
        {
            int own = LibBpf.bpf_map__fd(m);
            if (own < 0) continue; // no program that was loaded uses it
            int fd = LibC.fcntl(own, LibC.F_DUPFD_CLOEXEC, 3);
            if (fd < 0) throw new BpfException("load", _name, LibC.errno);
            _maps[Text(LibBpf.bpf_map__name(m))] = fd;
            LastingDescriptors.Add(fd);
        }
    }

    private uint[] FindTargets(string[] targets)
    {
        try
        {
            return _options.Targets.Find(targets);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NoKernelBtf(LibC.ENOENT);
        }
    }

    private bool HasKernelBtf()
    {
        try
        {
            using Btf? btf = Btf.TryParse(File.ReadAllBytes(_options.KernelBtf ?? KernelTypes.Path), out _);
            return btf is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private BpfException NoKernelBtf(int errno) =>
        new("load", _options.KernelBtf ?? KernelTypes.Path, errno, LibBpfLog.Tail(12), "not the kernel's BTF (it must be built with CONFIG_DEBUG_INFO_BTF)");

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private static BpfException Failure(string operation, string name, int errno) => new(operation, name, errno, LibBpfLog.Tail(12));
}
