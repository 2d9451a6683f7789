namespace Mount.Tests;

/// <summary>A view with every kind of object behind it.</summary>
public class ZooView : IDisposable
{
    public ZooView()
        : this(new ViewOptions())
    {
    }

    protected ZooView(ViewOptions options)
    {
        Zoo = new Zoo();
        try
        {
            View = new MountedView(options);
        }
        catch
        {
            Zoo.Dispose();
            throw;
        }
    }

    public Zoo Zoo { get; }

    public MountedView View { get; }

    public void Dispose()
    {
        View.Dispose();
        Zoo.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>The same where the kernel refuses every program: what bpf(2), fdinfo, rtnetlink and procfs tell.</summary>
public sealed class ZooViewWithoutPrograms() : ZooView(new ViewOptions { Broken = "all" });

/// <summary>The same on one processor.</summary>
public sealed class OneProcessorZooView() : ZooView(OneProcessor.Options);

/// <summary>A view with nothing of ours behind it.</summary>
public sealed class PlainView : MountedView;

/// <summary>A view where the kernel refuses every program, with nothing of ours behind it.</summary>
public sealed class ViewWithoutPrograms() : MountedView(new ViewOptions { Broken = "all" });

/// <summary>A view on one processor, with nothing of ours behind it.</summary>
public sealed class OneProcessorView() : MountedView(OneProcessor.Options);

/// <summary>A view with every kind of object behind it, served over io_uring.</summary>
public sealed class RingZooView() : ZooView(new ViewOptions { IsOverIoUring = true });

/// <summary>A view served over io_uring, with nothing of ours behind it.</summary>
public sealed class RingView() : MountedView(new ViewOptions { IsOverIoUring = true });

/// <summary>How a view is started as if the machine had one processor.</summary>
public static class OneProcessor
{
    public static ViewOptions Options { get; } = new() { Prefix = ["env", "DOTNET_PROCESSOR_COUNT=1", "taskset", "-c", "0"] };
}
