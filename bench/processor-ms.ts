/** Processor time that this process has used since `since`, of all its threads, ms: what a time on the wall would be on a core of one's own, with one thread. */
export function processorMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
