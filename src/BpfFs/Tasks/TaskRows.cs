using BpfFs.View;
using Iterators;

namespace BpfFs.Tasks;

/// <summary>The rows of <c>tasks</c>.</summary>
internal static class TaskRows
{
    public static IEnumerable<Row> Rows(IteratorSet has) => has.Tasks is not { } tasks ? [] :
    [
        new DirectoryRow("tasks", new Processes()),
        new DirectoryRow("tasks/<pid>", tier: Tier.Private) { Gate = TaskGate.Instance },
        new StreamRow("tasks/<pid>/status", Tier.Private, new TaskStream(tasks, TaskStatus.Write)) { Gate = TaskGate.Instance },
        new StreamRow("tasks/<pid>/json", Tier.Private, new TaskStream(tasks, TaskStatus.WriteJson)) { Gate = TaskGate.Instance },
        .. has.TaskFiles is not { } files ? [] : (Row[])[new StreamRow("tasks/<pid>/files", Tier.Private, new TaskStream(files, TaskFiles.Write)) { Gate = TaskGate.Instance }],
        .. has.TaskVmas is not { } vmas ? [] : (Row[])[new StreamRow("tasks/<pid>/vmas", Tier.Private, new TaskStream(vmas, TaskVmas.Write)) { Gate = TaskGate.Instance }],
    ];
}
