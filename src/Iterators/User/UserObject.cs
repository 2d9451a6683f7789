using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators.User;

/// <summary>Who may read what an object's programs print: said by its file's name.</summary>
public enum UserTier
{
    /// <summary>NAME.o: root.</summary>
    Private,

    /// <summary>NAME.group.o: the group of the view, too.</summary>
    Group,

    /// <summary>NAME.public.o: everybody.</summary>
    Public,
}

/// <summary>What a program's iterator is aimed at.</summary>
public enum UserParameter
{
    /// <summary>Nothing: it goes over everything.</summary>
    None,

    /// <summary>A map.</summary>
    Map,

    /// <summary>A thread, or all.</summary>
    Task,

    /// <summary>A cgroup, or all.</summary>
    Cgroup,
}

/// <summary>An object that somebody put into the directory, loaded. Thread-safe.</summary>
internal sealed unsafe class UserObject : IDisposable
{
    private readonly Lock _lock = new();
    private BpfObject? _object;

    private UserObject(BpfObject loaded, List<(string Name, string Target)> programs)
    {
        _object = loaded;
        Programs = programs;
    }

    /// <summary>Its iterators that the kernel took; a target is what stands behind <c>iter/</c> in the section's name.</summary>
    public IReadOnlyList<(string Name, string Target)> Programs { get; }

    /// <summary>
    /// Loads an object's iterators; other programs in it are left out, and so is an iterator that the kernel refuses, by <paramref name="words"/>: libbpf's and the
    /// verifier's. Null: none was loaded.
    /// </summary>
    public static UserObject? Load(string name, byte[] bytes, BpfLoadOptions options, out List<string> words)
    {
        words = [];
        byte* copy = (byte*)NativeMemory.Alloc((nuint)Math.Max(bytes.Length, 1));
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        LibBpfLog.CollectInto(words);
        try
        {
            BpfObject opened = BpfObject.Load(name, copy, (nuint)bytes.Length, options with { IsWanted = (program, section) => BpfObject.TargetOf(section) is not null && IsName(program) });
            if (opened.Programs.Count == 0) words.Add("no program has a section named iter/TARGET");
            foreach ((string program, Refusal refusal) in opened.Refusals)
            {
                if (refusal.Stage == RefusalStage.Target) words.Add($"{program}: {refusal}");
            }
            List<(string, string)> programs = [];
            foreach ((string program, string section) in opened.Programs)
            {
                string target = BpfObject.TargetOf(section)!;
                int fd = opened.ProgramFd(program);
                if (fd < 0) continue;
                // Others are tried with what they are aimed at.
                if (ParameterOf(target, options.Targets) is UserParameter.None or UserParameter.Task)
                {
                    using Fd tried = IteratorParameter.Attach(fd, IteratorParameter.None);
                    if (tried.Errno != 0)
                    {
                        words.Add($"attach {program} to {target}: {Marshal.GetPInvokeErrorMessage(tried.Errno)}");
                        continue;
                    }
                }
                programs.Add((program, target));
            }
            if (programs.Count > 0 && programs.Count == opened.Programs.Count) words.Clear(); // warnings of libbpf that nothing came of
            if (programs.Count > 0) return new UserObject(opened, programs);
            opened.Dispose();
            return null;
        }
        catch (BpfException e)
        {
            words.Insert(0, e.Message);
            return null;
        }
        finally
        {
            LibBpfLog.CollectInto(null);
            NativeMemory.Free(copy);
        }
    }

    /// <summary>
    /// What iterators over a target are aimed at; those over tasks at nothing where the kernel cannot. task_vma over one thread starts again when it has come to its end
    /// (task_vma_seq_get_next, 6.18).
    /// </summary>
    public static UserParameter ParameterOf(string target, IteratorTargets targets) => target switch
    {
        "bpf_map_elem" or "bpf_sk_storage_map" or "sockmap" => UserParameter.Map,
        "task" or "task_file" when targets.AimAtThreads => UserParameter.Task,
        "cgroup" => UserParameter.Cgroup,
        _ => UserParameter.None,
    };

    /// <summary>A new iterator, or an errno; ENOENT: the object was unloaded.</summary>
    public Fd Create(string program, IteratorParameter parameter)
    {
        lock (_lock) return _object is { } loaded ? IteratorParameter.Attach(loaded.ProgramFd(program), parameter) : new Fd(-LibC.ENOENT);
    }

    /// <summary>Unloads it. Iterators that are being read go on to their end.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _object?.Dispose();
            _object = null;
        }
    }

    /// <summary>Only letters, digits, '_', '.' and '-': it becomes a file's name.</summary>
    internal static bool IsName(string name) => name.Length is > 0 and <= 128 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');
}
