using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Iterators;

/// <summary>What stands between a BPF program and its use.</summary>
public enum RefusalStage
{
    /// <summary>The kernel's BTF has no function <c>bpf_iter_TARGET</c>: it has no such iterator.</summary>
    Target,

    /// <summary>Its object could not be prepared, so the kernel was never asked for the program.</summary>
    Object,

    /// <summary>BPF_PROG_LOAD failed: the verifier, lockdown or a security module.</summary>
    Load,

    /// <summary>BPF_LINK_CREATE failed.</summary>
    Attach,

    /// <summary>Another program that it cannot do without is missing.</summary>
    Needs,
}

/// <summary>Why a BPF program is missing, in the kernel's words.</summary>
/// <param name="Stage">Where it failed.</param>
/// <param name="Errno">The positive errno.</param>
/// <param name="Words">What was said: the verifier's last line, the name of what is missing; empty: nothing but the errno.</param>
public sealed partial record Refusal(RefusalStage Stage, int Errno, string Words)
{
    /// <summary>The cause in one line without kernel addresses, fit for everybody.</summary>
    public override string ToString()
    {
        string error = Marshal.GetPInvokeErrorMessage(Errno);
        return Stage switch
        {
            RefusalStage.Target => $"this kernel has no iterator {Words}",
            RefusalStage.Object => Words,
            RefusalStage.Needs => $"it needs {Words}",
            RefusalStage.Attach => $"attach: {error}",
            _ => Words.Length == 0 ? $"load: {error}" : $"load: {error}: {Words}",
        };
    }

    /// <summary>
    /// The line of a verifier's log that says why: the last that is neither its statistics nor an instruction. Behind a member that the running kernel lacks stands the
    /// line of source that reads it.
    /// </summary>
    internal static string LastLine(string log)
    {
        string found = "", source = "";
        foreach (string line in log.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0))
        {
            if (line.StartsWith("; ", StringComparison.Ordinal)) source = line[2..];
            else if (!IsStatistics(line) && !Instruction().IsMatch(line)) found = line;
        }
        if (found.Contains(PoisonedCall, StringComparison.Ordinal)) found = $"the kernel's structures have no such member: {source}";
        return KernelAddress().Replace(found, "<kernel>");
    }

    /// <summary>What libbpf calls where a relocation failed: 0xbad2310, libbpf's relo_core.c.</summary>
    private const string PoisonedCall = "#195896080";

    private static bool IsStatistics(string line) =>
        line.StartsWith("processed ", StringComparison.Ordinal) || line.StartsWith("verification time ", StringComparison.Ordinal) || line.StartsWith("stack depth ", StringComparison.Ordinal);

    // 12: (85) call bpf_loop#181
    [GeneratedRegex("^([0-9]+: )?(R[0-9]+(_w)?=|\\([0-9a-f]{2}\\)|[0-9]+: R)|^[0-9]+: \\(")]
    private static partial Regex Instruction();

    [GeneratedRegex("(0x)?ff[0-9a-f]{14}")]
    private static partial Regex KernelAddress();
}

/// <summary>A BPF program and what became of it.</summary>
/// <param name="Row">The program.</param>
/// <param name="IsLoaded">Whether it is in the kernel.</param>
/// <param name="Refusal">Why it is missing; null: it is there, was not tried yet, or is not wanted.</param>
/// <param name="IsWanted">False: no part of the view that is shown needs it.</param>
public sealed record ProgramState(ProgramRow Row, bool IsLoaded, Refusal? Refusal, bool IsWanted = true)
{
    /// <summary>Why it is missing and what the view lacks for it, in one line; null: it is not missing.</summary>
    public string? Missing
    {
        get
        {
            if (Refusal is null) return null;
            string since = Refusal.Stage == RefusalStage.Target ? $" (since Linux {Row.Target.Since})" : "";
            return Row.Lacks.Length == 0 ? $"{Refusal}{since}; the view lacks nothing, but is slower" : $"{Refusal}{since}; the view lacks {Row.Lacks}";
        }
    }
}
