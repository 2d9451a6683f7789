namespace Benchmarks;

/// <summary>Lets FUSE use io_uring for mounts made until this is disposed.</summary>
internal sealed class UringSwitch : IDisposable
{
    private const string Parameter = "/sys/module/fuse/parameters/enable_uring";
    private readonly string _before = File.ReadAllText(Parameter).Trim();

    public UringSwitch() => File.WriteAllText(Parameter, "Y");

    public void Dispose() => File.WriteAllText(Parameter, _before);
}
