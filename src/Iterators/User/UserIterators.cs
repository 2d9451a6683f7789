using Microsoft.Extensions.Logging;

namespace Iterators.User;

/// <summary>One iterator of an object that somebody put into the directory.</summary>
public sealed class UserProgram
{
    private readonly UserObject _object;
    private readonly string _program;

    internal UserProgram(UserObject @object, string program, string target, UserParameter parameter, string name, ushort number, UserTier tier)
    {
        _object = @object;
        _program = program;
        Name = name;
        Number = number;
        Tier = tier;
        Parameter = parameter;
        Target = target;
    }

    /// <summary><c>OBJECT.PROGRAM</c>.</summary>
    public string Name { get; }

    /// <summary>Stands for the name, as long as the view runs.</summary>
    public ushort Number { get; }

    /// <summary>Who may read it.</summary>
    public UserTier Tier { get; }

    /// <summary>As in <c>SEC("iter/TARGET")</c>.</summary>
    public string Target { get; }

    /// <summary>What it is aimed at.</summary>
    public UserParameter Parameter { get; }

    /// <summary>A new iterator; fails with what the attachment fails with, and ENOENT when the object is unloaded.</summary>
    public Fd Create(IteratorParameter parameter) => _object.Create(_program, parameter);
}

/// <summary>Why a file in the directory is not loaded, or some of its programs.</summary>
/// <param name="Object">Its name without endings.</param>
/// <param name="Number">Stands for the name.</param>
/// <param name="Words">Lines: the reason, or libbpf's and the verifier's words, kernel addresses included.</param>
public sealed record UserError(string Object, ushort Number, IReadOnlyList<string> Words);

/// <summary>What the directory came to, at one moment.</summary>
/// <param name="Programs">By name.</param>
/// <param name="Errors">By object.</param>
/// <param name="Refusal">Why nothing is loaded from the directory; null: nothing speaks against it.</param>
public sealed record UserSet(IReadOnlyDictionary<string, UserProgram> Programs, IReadOnlyDictionary<string, UserError> Errors, string? Refusal)
{
    /// <summary>The program with a number, or null.</summary>
    public UserProgram? Find(ushort number) => Programs.Values.FirstOrDefault(p => p.Number == number);

    /// <summary>The error with a number, or null.</summary>
    public UserError? FindError(ushort number) => Errors.Values.FirstOrDefault(e => e.Number == number);
}

/// <summary>
/// The iterators that are in a directory as compiled objects. It is looked at when they are first asked for, and from then on whenever it changes: a thread
/// waits for that. Each object is loaded by itself. Thread-safe.
/// </summary>
public sealed class UserIterators : IDisposable
{
    private readonly BpfLoadOptions _options;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (FileState State, UserObject? Object, UserError? Error, UserTier Tier)> _files = [];
    private readonly Dictionary<string, ushort> _numbers = [];
    private readonly HashSet<ushort> _used = [0];
    private volatile UserSet? _set;
    private DirectoryWatch? _watch;
    private Thread? _thread;
    private bool _isDisposed;

    private UserIterators(string directory, string? kernelBtf, ILogger logger)
    {
        Directory = directory;
        _options = new BpfLoadOptions { Targets = new IteratorTargets(), KernelBtf = kernelBtf };
        _logger = logger;
    }

    /// <summary>The iterators of a directory. Nothing is done until they are asked for.</summary>
    /// <param name="directory">Absolute. It need not exist.</param>
    /// <param name="kernelBtf">A file to take for the kernel's BTF, or null.</param>
    /// <param name="logger">Is told what is loaded, refused and unloaded.</param>
    public static UserIterators Of(string directory, string? kernelBtf, ILogger logger) => new(directory, kernelBtf, logger);

    /// <summary>Where the objects are.</summary>
    public string Directory { get; }

    /// <summary>Whether anybody asked for them yet.</summary>
    public bool IsLoaded => _set is not null;

    /// <summary>What there is now. The first call loads it.</summary>
    public UserSet Current => _set ?? Start();

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _watch?.Stop();
        }
        _thread?.Join();
        _watch?.Dispose();
        foreach (var file in _files.Values) file.Object?.Dispose();
        _files.Clear();
        _options.Targets.Dispose();
    }

    private UserSet Start()
    {
        lock (_lock)
        {
            if (_set is { } set) return set;
            if (_isDisposed) return new UserSet(new Dictionary<string, UserProgram>(), new Dictionary<string, UserError>(), null);
            _watch = new DirectoryWatch(Directory);
            _watch.Begin();
            set = Scan();
            _thread = new Thread(Follow) { IsBackground = true, Name = "iterators" };
            _thread.Start();
            return set;
        }
    }

    private void Follow()
    {
        while (_watch!.Wait())
        {
            _watch.Begin(); // before looking: what changes from now on is another event
            lock (_lock)
            {
                if (_isDisposed) return;
                Scan();
            }
        }
    }

    private UserSet Scan()
    {
        HashSet<string> seen = [];
        string? refusal;
        using (SafeDirectory? directory = SafeDirectory.Open(_watch!.RealPath, out refusal))
        {
            List<string> names = directory?.Names().FindAll(IsObject) ?? [];
            foreach (string name in names)
            {
                seen.Add(name);
                Look(directory!, name);
            }
        }
        if (refusal is not null && _set?.Refusal != refusal) Log.UserObjectRefused(_logger, Directory, refusal);
        foreach (string gone in _files.Keys.Except(seen).ToList())
        {
            _files[gone].Object?.Dispose();
            _files.Remove(gone);
            Log.UnloadedUserObject(_logger, Path.Combine(Directory, gone));
        }
        return _set = Collect(refusal);
    }

    private void Look(SafeDirectory directory, string file)
    {
        FileState? state = directory.StateOf(file, out string? reason);
        bool isKnown = _files.TryGetValue(file, out var known);
        if (isKnown && reason is null && known.State == state) return;
        known.Object?.Dispose();
        (string name, UserTier tier) = Parse(file);
        List<string> words = [];
        UserObject? loaded = null;
        if (!UserObject.IsName(name))
        {
            name = $"file-{NumberOf(file)}";
            reason = "the name of an object may have only letters, digits, '_', '-' and '.'";
        }
        byte[]? bytes = reason is null ? directory.Read(file, out reason, out state) : null;
        if (bytes is not null) loaded = UserObject.Load(name, bytes, _options, out words);
        if (reason is not null) words = [$"{file}: {reason}"];
        _files[file] = (state ?? default, loaded, words.Count > 0 ? new UserError(name, NumberOf(name + ".error"), words) : null, tier);
        string path = Path.Combine(Directory, file);
        if (loaded is not null) Log.LoadedUserObject(_logger, path, string.Join(' ', loaded.Programs.Select(p => p.Name)));
        if (words.Count > 0 && (!isKnown || known.Error is null || !known.Error.Words.SequenceEqual(words))) Log.UserObjectRefused(_logger, path, words.FirstOrDefault() ?? "");
    }

    private UserSet Collect(string? refusal)
    {
        Dictionary<string, UserProgram> programs = [];
        Dictionary<string, UserError> errors = [];
        foreach ((string file, var entry) in _files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            if (entry.Error is { } error) errors.TryAdd(error.Object, error);
            (string name, _) = Parse(file);
            foreach ((string program, string target) in entry.Object?.Programs ?? [])
            {
                string full = $"{name}.{program}";
                if (programs.TryAdd(full, new UserProgram(entry.Object!, program, target, UserObject.ParameterOf(target, _options.Targets), full, NumberOf($"{full} {entry.Tier}"), entry.Tier))) continue;
                errors.TryAdd(name, new UserError(name, NumberOf(name + ".error"), [$"{file}: another file has {full}, too"]));
            }
        }
        return new UserSet(programs, errors, refusal);
    }

    /// <summary>
    /// The same for a name as long as the view runs, and if no other name has it also in the next. A program's name is with its tier: one that is now for fewer readers is another node, of
    /// which those who had the old one open have nothing.
    /// </summary>
    private ushort NumberOf(string name)
    {
        if (_numbers.TryGetValue(name, out ushort known)) return known;
        uint hash = 2166136261;
        foreach (char c in name) hash = unchecked((hash ^ c) * 16777619); // FNV-1a
        ushort number = (ushort)(hash ^ (hash >> 16));
        while (!_used.Add(number)) number++;
        _numbers[name] = number;
        return number;
    }

    private static bool IsObject(string file) => file.EndsWith(".o", StringComparison.Ordinal) && file[0] != '.';

    /// <summary><c>NAME[.public|.group][.bpf].o</c>.</summary>
    private static (string Name, UserTier Tier) Parse(string file)
    {
        string name = file[..^2];
        if (name.EndsWith(".bpf", StringComparison.Ordinal)) name = name[..^4];
        if (name.EndsWith(".public", StringComparison.Ordinal)) return (name[..^7], UserTier.Public);
        return name.EndsWith(".group", StringComparison.Ordinal) ? (name[..^6], UserTier.Group) : (name, UserTier.Private);
    }
}
