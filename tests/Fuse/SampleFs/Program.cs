using System.Globalization;
using Fuse;
using Fuse.Sample;
using Microsoft.Extensions.Logging;

// SampleFs MOUNTPOINT [workers [rw] [nonempty] [on|auto] [short-ring]]: serves the sample tree and takes commands on standard input; each is answered by one line.
SampleTree tree = new();
FuseMount mount;
try
{
    FuseMountOptions options = new()
    {
        Source = "sample",
        Subtype = "fuse-sample",
        AllowOther = true,
        Workers = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0,
        ReadOnly = !args.Contains("rw"),
        NonEmpty = args.Contains("nonempty"),
        IoUring = args.Contains("on") ? IoUring.On : args.Contains("auto") ? IoUring.Auto : IoUring.Off,
        RingPayload = args.Contains("short-ring") ? 4096 : 1 << 20,
    };
    mount = FuseMount.Mount(args[0], tree, options, new StderrLogger());
}
catch (FuseException e)
{
    Console.WriteLine(e.Message);
    return 1;
}

Console.WriteLine("ready " + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
using SemaphoreSlim answering = new(1); // a command that unmounts is answered before the end is told
_ = Task.Run(async () =>
{
    while (await Console.In.ReadLineAsync().ConfigureAwait(false) is { } command)
    {
        await answering.WaitAsync().ConfigureAwait(false);
        Console.WriteLine(await Obey(command).ConfigureAwait(false));
        answering.Release();
    }
    await mount.DisposeAsync().ConfigureAwait(false); // the test that started us is gone
});
await mount.WaitForUnmountAsync().ConfigureAwait(false);
await answering.WaitAsync().ConfigureAwait(false);
Console.WriteLine(tree.WasDestroyed ? "unmounted" : "unmounted without Destroy");
return 0;

async Task<string> Obey(string command)
{
    try
    {
        switch (command)
        {
            case "unmount": await mount.UnmountAsync().ConfigureAwait(false); break;
            case "lazy": await mount.UnmountAsync(lazyIfBusy: true).ConfigureAwait(false); break;
            case "dispose": await mount.DisposeAsync().ConfigureAwait(false); break;
            case "count": tree.Count(); break;
            case "transport": return mount.Transport;
            case "lookups": return $"{tree.Looked.Total} {tree.Looked.Wrong}";
            case "open": return Line(tree.OpenCount);
            case "fds": return Line(Directory.GetFiles("/proc/self/fd").Length);
            case "threads": return Line(Directory.GetDirectories("/proc/self/task").Length);
            case "allocated": return Line((int)(GC.GetTotalAllocatedBytes(precise: true) >> 10));
            case "protocol": return Line(mount.Connection.ProtocolMinor) + " " + Line(mount.Connection.MaxRead);
            case "counts":
                return string.Join(' ', mount.Counts.Select(c => $"{c.Name}={Line((int)c.Requests)}/{Line((int)c.Errors)}"));
            default: return "what?";
        }
        return "ok";
    }
    catch (FuseException e)
    {
        return e.Message;
    }
}

static string Line(int number) => number.ToString(CultureInfo.InvariantCulture);

internal sealed class StderrLogger : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) Console.Error.WriteLine($"{logLevel}: {formatter(state, exception)} {exception?.Message}");
    }
}
