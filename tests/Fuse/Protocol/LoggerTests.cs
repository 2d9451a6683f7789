using Microsoft.Extensions.Logging;
using static Tmds.Linux.LibC;

namespace Fuse.Tests;

public sealed class LoggerTests
{
    [Fact]
    public void A_logger_that_throws_harms_no_request()
    {
        FuseDispatcher dispatcher = new(new Throws(), new ThrowingLogger());
        byte[] request = new byte[42];
        request[0] = 42;
        request[4] = 1; // LOOKUP
        request[8] = 2;
        request[40] = (byte)'x';
        byte[] reply = new byte[4096];
        Assert.Equal(16, dispatcher.Dispatch(request, reply));
        Assert.Equal(-EIO, BitConverter.ToInt32(reply, 4));
    }

    private sealed class Throws : FileSystem
    {
        public override int Lookup(in Request request, ulong parent, ReadOnlySpan<byte> name, ref fuse_entry_out entry) =>
            throw new NotSupportedException();
    }

    private sealed class ThrowingLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new IOException("no room");
    }
}
