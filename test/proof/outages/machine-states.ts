import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../../statemachines/', import.meta.url);

/** The machines that one secret's rotation goes through; `rotate-fleet` starts them for many. */
export const machines = ['rotate-secret', 'propagate-secret', 'await-convergence', 'retire-credential'] as const;
export type Machine = (typeof machines)[number];

/** `rotate-secret Prepare` */
export type MachineState = `${Machine} ${string}`;

interface States {
  readonly [name: string]: {
    readonly Branches?: readonly { readonly States: States }[];
    readonly ItemProcessor?: { readonly States: States };
  };
}

/** Every state, those inside of Map and Parallel too, in the order of the files. */
export function machineStates(): MachineState[] {
  return machines.flatMap((machine) => {
    const { States } = JSON.parse(readFileSync(new URL(`${machine}.asl.json`, FOLDER), 'utf8'));
    return [...new Set(namesIn(States))].map((name): MachineState => `${machine} ${name}`);
  });
}

function namesIn(states: States): string[] {
  return Object.entries(states).flatMap(([name, { Branches = [], ItemProcessor }]) => [
    name,
    ...Branches.flatMap((branch) => namesIn(branch.States)),
    ...(ItemProcessor ? namesIn(ItemProcessor.States) : []),
  ]);
}

/** The files that there are, so that a machine that is new is noticed. */
export const machineFiles = () =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.asl.json'))
    .map((file) => file.replace('.asl.json', ''));

const exhausted = 'is entered only when a call was refused for a quarter of an hour';

/** What no way of `paths.ts` leads to, each with its reason. */
export const untried: Readonly<Partial<Record<MachineState, string>>> = {
  'propagate-secret ReportUnwatched': exhausted,
  'propagate-secret PropagationFailed': 'is entered only when the machine itself is at fault',
  'await-convergence LookAtParameter': 'is of a parameter, which is not rotated',
  'await-convergence ReportUnwatched': exhausted,
  'await-convergence Unwatched': exhausted,
  'retire-credential Retired': exhausted,
  'rotate-secret CheckFailedAtLast':
    'needs a check that has no verdict at first and fails later: test/statemachines has it',
  'rotate-secret DescribePromoted':
    'needs another writer in the middle of a rotation: test/scenarios/rotations-that-meet has it',
  'rotate-secret JudgeRetireFirst': 'needs a vendor that shows no use at the first look: test/statemachines has one',
  'rotate-secret Repair': 'is of a repair that doctor asks for, not of a rotation',
  'rotate-secret RepairFailed': 'is of a repair that doctor asks for, not of a rotation',
  'rotate-secret Repaired': 'is of a repair that doctor asks for, not of a rotation',
};
