import * as v from 'valibot';

/**
 * How Parameter Store writes names: letters, digits, `.`, `-` and `_` between slashes, 15 levels, 1011 characters with
 * the ARN before it, and neither `aws` nor `ssm` at the beginning.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
 */
const LONGEST = 900;
const LEVELS = 15;

/** The pipeline keeps its own settings there: a mirror would overwrite them. */
const settingsOfPipelines = /^\/?keyturn[/.]/i;

const problems = (name: string): string | undefined => {
  const withoutEnd = name.replace(/\/$/, '');
  if (name.length > LONGEST) return `a name of at most ${LONGEST} characters`;
  if (withoutEnd.split('/').filter(Boolean).length > LEVELS) return `a name of at most ${LEVELS} levels`;
  if (name.includes('/') && !name.startsWith('/')) return 'a name with levels begins with a slash: /shop/flag';
  if (/^\/?(aws|ssm)/i.test(name)) return 'a name that begins with neither "aws" nor "ssm": those are AWS’s own';
  if (settingsOfPipelines.test(name)) return 'a name that is not under /keyturn/, where the settings of pipelines are';
  return undefined;
};

const parameterName = (pattern: RegExp, expected: string) =>
  v.pipe(
    v.string(),
    v.regex(pattern, expected),
    v.rawCheck(({ dataset, addIssue }) => {
      const problem = dataset.typed && pattern.test(dataset.value) && problems(dataset.value);
      if (problem) addIssue({ message: problem });
    }),
  );

export const ParameterName = parameterName(/^\/?[\w.-]+(\/[\w.-]+)*$/, 'the name of a parameter such as /shop/flag');

/** A name; with a slash at its end a path, and everything under it. */
export const ParameterNameOrPath = parameterName(
  /^\/?[\w.-]+(\/[\w.-]+)*\/?$/,
  'the name of a parameter, or a path /shop/',
);
