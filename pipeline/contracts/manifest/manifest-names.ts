import { settingsPrefixOf } from '../settings/pipeline.ts';
import { settingsParameterProblem } from '../settings/settings-parameter.ts';
import { referencedName } from './manifest.ts';
import { inheritedNames } from './manifest-structure.ts';
import type { Manifest } from './manifest-types.ts';

/**
 * Names that stand for two things at once: in ids of constructs, in settings or in what people read. Each with what to
 * write instead. Pure.
 */
export function ambiguousNames(manifest: Manifest): string[] {
  return [...similarSecrets(manifest), ...repeatedParts(manifest), ...sharedMirrors(manifest), ...longNames(manifest)];
}

/** Ids of outputs hold letters and digits only. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html */
function similarSecrets({ secrets }: Manifest): string[] {
  const firstBy = new Map<string, string>();
  return Object.keys(secrets).flatMap((name) => {
    const letters = name.replace(/[^A-Za-z0-9]/g, '');
    const first = firstBy.get(letters);
    if (first === undefined) firstBy.set(letters, name);
    if (first === undefined) return [];
    return [
      `secrets["${name}"]: it differs from "${first}" in its punctuation only. Write a name with another letter or digit.`,
    ];
  });
}

/** Names identify consumers and checks, in settings, events and evidence. */
function repeatedParts({ secrets, parameters }: Manifest): string[] {
  const lists: [place: string, names: string[]][] = [
    ...Object.entries(secrets).flatMap(([name, { consumers, checks }]): [string, string[]][] => [
      [`secrets["${name}"]: consumers`, consumers.map((each) => each.name ?? functionOf(each.function))],
      [`secrets["${name}"]: checks`, checks.map((each) => each.name ?? functionOf(each.function ?? each.type))],
    ]),
    ...Object.entries(parameters).map(([name, { consumers }]): [string, string[]] => [
      `parameters["${name}"]: consumers`,
      consumers.map((each) => each.name ?? functionOf(each.function)),
    ]),
  ];
  return lists.flatMap(([place, names]) =>
    names.flatMap((name, index) =>
      inheritedNames.has(name)
        ? [`${place}[${index}]: "${name}" is a name that objects inherit. Write a "name" of its own.`]
        : names.indexOf(name) === index
          ? []
          : [
              `${place}[${index}]: "${name}" is the name of ${place.split(' ').at(-1)}[${names.indexOf(name)}] too. Write a "name" of its own.`,
            ],
    ),
  );
}

function functionOf(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? (nameOrArn.split(':')[6] ?? nameOrArn) : nameOrArn;
}

/** Two secrets in one parameter would overwrite each other. */
function sharedMirrors({ secrets }: Manifest): string[] {
  const firstBy = new Map<string, string>();
  return Object.entries(secrets).flatMap(([name, { secret, mirrors }]) =>
    mirrors.flatMap((mirror, index) => {
      const target = 'parameter' in mirror ? mirror.parameter : `${mirror.replica} ${referencedName(secret)}`;
      const first = firstBy.get(target);
      if (first === undefined) firstBy.set(target, name);
      if (first === undefined) return [];
      return [
        `secrets["${name}"]: mirrors[${index}]: a mirror of "${first}" is there already. Write another one, or remove it.`,
      ];
    }),
  );
}

function longNames({ pipeline, secrets }: Manifest): string[] {
  return Object.entries(secrets).flatMap(([name, { secret }]) => {
    const problem = settingsParameterProblem(settingsPrefixOf(pipeline), referencedName(secret));
    return problem ? [`secrets["${name}"]: secret: ${problem}.`] : [];
  });
}
