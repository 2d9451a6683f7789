using BpfFs.View;
using Iterators;

namespace BpfFs.Tasks;

/// <summary>The rows of <c>tasks</c>.</summary>
internal static class TaskRows
{
    public static IEnumerable<Row> Rows(IteratorSet has) =>
    [
        new DirectoryRow("tasks", new Processes()) { IsThere = () => has.Tasks.MayBeThere },
        new DirectoryRow("tasks/<pid>", tier: Tier.Private) { Gate = TaskGate.Instance, IsThere = () => has.Tasks.IsThere },
        new StreamRow("tasks/<pid>/status", Tier.Private, new TaskStream(has.Tasks, TaskStatus.Write)) { Gate = TaskGate.Instance },
        new StreamRow("tasks/<pid>/json", Tier.Private, new TaskStream(has.Tasks, TaskStatus.WriteJson)) { Gate = TaskGate.Instance },
        new StreamRow("tasks/<pid>/files", Tier.Private, new TaskStream(has.TaskFiles, TaskFiles.Write)) { Gate = TaskGate.Instance, IsThere = () => has.TaskFiles.IsThere },
        new StreamRow("tasks/<pid>/vmas", Tier.Private, new TaskStream(has.TaskVmas, TaskVmas.Write)) { Gate = TaskGate.Instance, MayWait = true, IsThere = () => has.TaskVmas.IsThere },
    ];
}
