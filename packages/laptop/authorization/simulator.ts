type Simulator = typeof import('@cloud-copilot/iam-simulate');
let loading: Promise<Simulator> | undefined;

/** Loads the simulator when it is first needed: it brings the documentation of every action, which start-up can do without. */
export function loadSimulator(): Promise<Simulator> {
  loading ??= import('@cloud-copilot/iam-simulate');
  return loading;
}
