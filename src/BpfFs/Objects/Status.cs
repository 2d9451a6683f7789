using System.Runtime.InteropServices;
using System.Text;
using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using Iterators.User;

namespace BpfFs.Objects;

/// <summary><c>status</c>: the health of the view, as <c>key:TABvalue</c> lines.</summary>
internal static class Status
{
    public static int Render(ViewContext context, ulong key, TextBuffer to)
    {
        Line(to, "version", Readme.Version);
        Line(to, "kernel", Kernel());
        to.Append("started:\t"u8);
        new ValueWriter(to).Time(context.StartTime / 1_000_000_000);
        to.Append((byte)'\n');
        if (!context.Iterators.ReadsMemory) Line(to, "restricted", $"{KernelMemory.Forbidden}: objects are what bpf(2) tells of them");
        foreach (ProgramState program in context.Iterators.Programs)
        {
            string state = program.Missing is { } missing ? $"missing: {missing}" : program.IsLoaded ? "loaded" : program.IsWanted ? "loaded when first read" : "not loaded: no part of the view needs it";
            Line(to, "iterator", $"{program.Row.Name} {state}");
        }
        UserLines(context, to);
        if (context.Iterators.PinWalkErrno != 0) Line(to, "pinned", $"missing: {Marshal.GetPInvokeErrorMessage(context.Iterators.PinWalkErrno)}");
        foreach ((string source, string cause) in Attachments.AttachmentSources.Failures) Line(to, "attachments", $"{source} incomplete: {cause}");
        List<HiddenObject> hidden = [];
        List<(string Kind, int Errno)> untold = [];
        HiddenObjects.Find(context, hidden, untold);
        foreach (HiddenObject found in hidden) Line(to, "hidden", found.ToString());
        foreach ((string kind, int errno) in untold) Line(to, "hidden", $"{kind}: cannot tell: {Marshal.GetPInvokeErrorMessage(errno)}");
        if (hidden.Count + untold.Count == 0) Line(to, "hidden", "none");
        foreach (string pin in context.Pins) Line(to, "pin", pin);
        if (context.Server?.Invoke() is { } server)
        {
            Line(to, "mounted", server.MountPoint);
            Line(to, "fuse", server.Protocol);
            Line(to, "transport", server.Transport);
            Line(to, "server", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Line(to, "keeper", server.Keeper);
            Line(to, "seccomp", server.Seccomp);
            Line(to, "open_files", server.OpenFiles.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Line(to, "open_directories", server.OpenDirectories.ToString(System.Globalization.CultureInfo.InvariantCulture));
            foreach ((string name, long requests, long errors) in server.Counts)
            {
                if (requests != 0) Line(to, "requests", $"{name} {requests} errors {errors}");
            }
        }
        Line(to, "allocated_bytes", GC.GetTotalAllocatedBytes().ToString(System.Globalization.CultureInfo.InvariantCulture));
        Line(to, "errors", context.Errors.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        foreach (string error in context.Errors.Last()) Line(to, "error", error);
        return 0;
    }

    private static void UserLines(ViewContext context, TextBuffer to)
    {
        if (context.UserIterators is not { } user) return;
        UserSet set = user.Current;
        Line(to, "iterators", set.Refusal is null ? user.Directory : $"{user.Directory} refused: {set.Refusal}");
        foreach (UserProgram program in set.Programs.Values.OrderBy(p => p.Name, StringComparer.Ordinal)) Line(to, "iterator", $"iter/{program.Name} loaded: target {program.Target}");
        foreach (UserError error in set.Errors.Values.OrderBy(e => e.Object, StringComparer.Ordinal)) Line(to, "iterator", $"iter/{error.Object}.error tells why it is not loaded");
    }

    private static string Kernel() => File.ReadAllText("/proc/sys/kernel/osrelease").TrimEnd();

    private static void Line(TextBuffer to, string key, string value)
    {
        to.Append(Encoding.UTF8.GetBytes(key));
        to.Append(":\t"u8);
        to.AppendText(Encoding.UTF8.GetBytes(value));
        to.Append((byte)'\n');
    }
}
