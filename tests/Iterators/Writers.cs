namespace Iterators.Tests;

/// <summary>Threads that write until they are stopped.</summary>
internal sealed class Writers : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _tasks;

    /// <param name="count">How many threads.</param>
    /// <param name="write">One round of one of them: the number of the round, from 1 on, and of the writer, from 0 on.</param>
    public Writers(int count, Action<uint, int> write) => _tasks = [.. Enumerable.Range(0, count).Select(writer => Task.Factory.StartNew(() =>
    {
        for (uint round = 1; !_stop.IsCancellationRequested; round++) write(round, writer);
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];

    /// <summary>Ends them, and fails if one of them did.</summary>
    public void Stop()
    {
        _stop.Cancel();
        Task.WaitAll(_tasks);
    }

    public void Dispose()
    {
        _stop.Cancel();
        Task.WhenAll(_tasks).ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        _stop.Dispose();
    }
}
