using System.Text;
using BpfFs.Objects.Code;

namespace BpfFs.Tests.Code;

/// <summary>Names as the kernel gives them, out of tables.</summary>
internal sealed class FakeNames : CodeNames
{
    public Dictionary<int, string> Calls { get; } = [];

    public Dictionary<(int Function, long Offset), string> Nearby { get; } = [];

    public override int Call(int instruction, Span<byte> name) => Copy(Calls.GetValueOrDefault(instruction), name);

    public override int Near(int function, long offset, Span<byte> name) => Copy(Nearby.GetValueOrDefault((function, offset)), name);

    private static int Copy(string? text, Span<byte> to) => Encoding.UTF8.GetBytes(text ?? "", to);
}
