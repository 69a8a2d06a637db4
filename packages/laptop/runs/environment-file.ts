import { closeSync, lstatSync, openSync, readSync } from 'node:fs';
import type { RunningCloud } from '../running-cloud.ts';
import { makePrivateFile, type Remove, removeOwnFile } from './private-file.ts';

const FIRST_LINE = "# The environment of a laptop's cloud.";

/** Settings that would lead an SDK elsewhere, or that refuse an endpoint without TLS. */
const MISLEADING = [
  ...['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN', 'AWS_CREDENTIAL_EXPIRATION'],
  ...['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'],
  'AWS_BEARER_TOKEN_BEDROCK',
];

/**
 * Writes what a shell sources to speak to this run: `. FILE`. Only this user may read it.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 * Answers what removes the file again.
 *
 * @example
 * ```ts
 * import { createCloud, sourceCommand, writeEnvironmentFile } from '@keyturn/laptop';
 *
 * const cloud = await createCloud();
 * const remove = writeEnvironmentFile('laptop.env', cloud);
 * console.log(sourceCommand('laptop.env'));
 * remove();
 * await cloud.close();
 * ```
 *
 * @throws FileUnusable
 */
export function writeEnvironmentFile(path: string, cloud: RunningCloud): Remove {
  if (isOfEarlierRun(path)) removeOwnFile(path);
  return makePrivateFile(path, environmentText(cloud));
}

function environmentText({ endpointUrl, region, administrator, pageToken }: RunningCloud): string {
  const exported = {
    AWS_ENDPOINT_URL: endpointUrl,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: administrator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    LAPTOP_TOKEN: pageToken,
  };
  return [
    FIRST_LINE,
    `unset ${MISLEADING.join(' ')}`,
    // An endpoint of a single service goes before the endpoint of all.
    'for laptop_name in $(env | sed -n \'s/^\\(AWS_ENDPOINT_URL_[A-Z0-9_]*\\)=.*/\\1/p\'); do unset "$laptop_name"; done',
    'unset laptop_name',
    ...Object.entries(exported).map(([name, value]) => `export ${name}=${shellQuoted(value)}`),
    // A proxy would be asked for the loopback of its own machine.
    'export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"',
    'export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"',
    '',
  ].join('\n');
}

/** The command that puts the file into a shell. The example of `writeEnvironmentFile` prints it. */
export function sourceCommand(path: string): string {
  return `. ${shellQuoted(path.includes('/') ? path : `./${path}`)}`;
}

/** A run that was killed leaves its file, which the next one replaces. A file of another kind stays. */
function isOfEarlierRun(path: string): boolean {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return false;
  const file = openSync(path, 'r');
  try {
    const begin = Buffer.alloc(FIRST_LINE.length);
    readSync(file, begin);
    return begin.toString('utf8') === FIRST_LINE;
  } finally {
    closeSync(file);
  }
}

const shellQuoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
