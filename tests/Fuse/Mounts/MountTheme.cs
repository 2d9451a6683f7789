using Support;

namespace Fuse.Tests;

/// <summary>How requests come to the server under test.</summary>
public enum Transport
{
    Device,
    DeviceOnOneProcessor,
    Ring,
    RingOnOneProcessor,
}

/// <summary>Tests that mount: each is run over every transport by a class derived from its theme.</summary>
public abstract class MountTheme(Transport transport) : IDisposable
{
    private SampleServer? _server;

    internal bool IsRing => transport is Transport.Ring or Transport.RingOnOneProcessor && RingSwitch.IsThere;

    /// <summary>The test's server, started when first asked for.</summary>
    internal SampleServer Server => _server ??= Start();

    internal SampleServer Start(string? mountPoint = null, params string[] arguments) => new(transport, mountPoint, arguments);

    public void Dispose()
    {
        _server?.Dispose();
        GC.SuppressFinalize(this);
    }
}
