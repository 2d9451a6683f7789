using BpfFs.View;

namespace BpfFs.UserFiles;

/// <summary>The rows of <c>iter</c>.</summary>
internal static class UserRows
{
    public static IEnumerable<Row> Rows() =>
    [
        new DirectoryRow("iter", new UserPrograms()),
        new StreamRow("iter/<program>", Tier.Private, new UserStream(isAimed: false)) { Gate = UserGate.OfProgram, MayWait = true },
        new DirectoryRow("iter/<aimed>", new UserParameters(), Tier.Private) { Gate = UserGate.OfProgram },
        new FileRow("iter/<object>.error", Tier.Private, UserErrorFile.Render) { Gate = UserErrorGate.Instance },
        new StreamRow("iter/<aimed>/<id>", Tier.Private, new UserStream(isAimed: true)) { Gate = UserGate.OfParameter, MayWait = true },
    ];
}
