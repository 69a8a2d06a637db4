import { type AwsService, awsServices, titles } from './aws-services.ts';
import { type Machine, type MachineState, machines } from './machine-states.ts';

/** What came of one outage. */
export interface Tried {
  readonly service: AwsService;
  readonly state: MachineState;
  /** Calls that were refused; undefined when the state was never entered. */
  readonly struck: number | undefined;
  readonly failedTasks: number;
  /** How much later everything had ended. */
  readonly delaySeconds: number;
}

/** An outage that lasts a minute: what ends half of it later has waited for it. */
const WAITED_SECONDS = 30;

/**
 * - `–`: nothing was asked of the service while it was away;
 * - `passes`: calls were refused, and nothing waited for them;
 * - `waits`: the rotation ended so much later.
 */
function wordOf({ struck, delaySeconds }: Tried): string {
  if (!struck) return '–';
  return delaySeconds < WAITED_SECONDS ? 'passes' : 'waits';
}

/** Markdown: states with the same outcomes share a row. */
export function outagesTable(tried: readonly Tried[]): string {
  const rows = machines.flatMap((machine) => rowsOf(machine, tried));
  const head = ['machine', 'the service goes away as it enters', ...awsServices.map((service) => titles[service])];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function rowsOf(machine: Machine, tried: readonly Tried[]): string[][] {
  const states = [...new Set(tried.map(({ state }) => state))].filter((state) => state.startsWith(`${machine} `));
  const byWords = new Map<string, string[]>();
  for (const state of states) {
    const words = awsServices.map((service) => {
      const found = tried.find((one) => one.state === state && one.service === service);
      return found ? wordOf(found) : ' ';
    });
    const key = words.join(' | ');
    byWords.set(key, [...(byWords.get(key) ?? []), `\`${state.slice(machine.length + 1)}\``]);
  }
  return [...byWords].map(([words, names]) => [`\`${machine}\``, names.join(', '), words]);
}
