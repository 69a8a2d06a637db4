import { KeyturnError } from '../errors.ts';
import { contractOf } from '../kinds/kind-contracts.ts';
import { InputInvalid } from '../parse.ts';
import { keysOf, readStrictly } from './entries/manifest-issues.ts';
import { Manifest, type ManifestSecret, referencedName } from './manifest.ts';
import { checkProblems } from './manifest-checks.ts';
import { ambiguousNames } from './manifest-names.ts';
import { newSecretProblems } from './manifest-new-secrets.ts';
import { placeOf, placeProblems } from './manifest-places.ts';
import { structureProblems } from './manifest-structure.ts';
import { timingProblems } from './manifest-timing.ts';

/** Settings of the manifest do not fit together; the message says what to write instead. */
export class ManifestUnsafe extends KeyturnError {
  readonly code = 'ManifestUnsafe';

  constructor(problems: string[]) {
    super(problems.join('\n'));
  }
}

const knownKeys = keysOf(Manifest);

/** Parses a manifest and refuses what would break a promise, every problem at once. @throws InputInvalid | ManifestUnsafe */
export function parseManifest(input: unknown): Manifest {
  const structure = structureProblems(input);
  if (structure.length > 0) throw new InputInvalid('The manifest', structure);
  const read = readStrictly(Manifest, input, knownKeys);
  if ('problems' in read) {
    throw new InputInvalid(
      'The manifest',
      read.problems.map((problem) => problem.replace(/\.$/, '')),
    );
  }
  const manifest = read.value;
  const problems = [
    ...Object.entries(manifest.secrets).flatMap(([name, secret]) =>
      secretProblems(secret).map((problem) => `secrets["${name}"]: ${problem}`),
    ),
    ...repeatedSecrets(manifest),
    ...dividedGroups(manifest),
    ...sharedUsers(manifest),
    ...ambiguousNames(manifest),
    ...placeProblems(manifest),
  ];
  if (problems.length > 0) throw new ManifestUnsafe(problems);
  return { ...manifest, ...placeOf(manifest) };
}

/** Each of these would retire a credential in use, leave nothing that works, or check less than it says. */
function secretProblems(secret: ManifestSecret): string[] {
  const general = [...newSecretProblems(secret), ...checkProblems(secret)];
  if (secret.kind === 'watched') return general;
  return [...general, ...timingProblems(secret), ...contractOf(secret).problems(secret)];
}

/** Two entries for one secret would be two settings under one name. */
function repeatedSecrets(manifest: Manifest): string[] {
  const firstBy = new Map<string, string>();
  return Object.entries(manifest.secrets).flatMap(([name, { secret }]) => {
    const referenced = referencedName(secret);
    const first = firstBy.get(referenced);
    if (first === undefined) firstBy.set(referenced, name);
    return first === undefined
      ? []
      : [`secrets["${name}"]: ${referenced} is the secret of "${first}" too. Write it once.`];
  });
}

/** A group is rotated as one, so it has one schedule. */
function dividedGroups(manifest: Manifest): string[] {
  const firstBy = new Map<string, { name: string; schedule: string }>();
  return Object.entries(manifest.secrets).flatMap(([name, secret]) => {
    if (secret.kind === 'watched' || !secret.group) return [];
    const schedule = JSON.stringify(secret.schedule);
    const first = firstBy.get(secret.group);
    if (!first) firstBy.set(secret.group, { name, schedule });
    if (!first || first.schedule === schedule) return [];
    return [
      `secrets["${name}"]: group "${secret.group}" is rotated as one, and "${first.name}" has another schedule. Write the same one, or another group.`,
    ];
  });
}

/** An IAM user has two credentials at the most: two secrets would take them from each other. */
function sharedUsers(manifest: Manifest): string[] {
  const firstBy = new Map<unknown, string>();
  return Object.entries(manifest.secrets).flatMap(([name, secret]) => {
    if (secret.kind !== 'api-key' || secret.parameters.userName === undefined) return [];
    const { userName } = secret.parameters;
    const first = firstBy.get(userName);
    if (first === undefined) firstBy.set(userName, name);
    if (first === undefined) return [];
    return [`secrets["${name}"]: IAM user ${String(userName)} belongs to "${first}" alone. Write a user of its own.`];
  });
}
