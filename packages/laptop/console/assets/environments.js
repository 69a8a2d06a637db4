import { h } from './dom.js';
import { shortId } from './format.js';
import { ago } from './parts.js';

/** The execution environments of the functions that an execution names, those that read its secrets first. */
export function environmentsCard(functions, secrets) {
  const current = new Map(
    secrets.map(({ arn, versions }) => [arn, versions.find(({ stages }) => stages.includes('AWSCURRENT'))?.versionId]),
  );
  const rotating = new Set(secrets.map(({ rotationFunctionArn }) => rotationFunctionArn));
  const reads = (fn) =>
    [...fn.environments, ...fn.ended].some((one) => one.reads.some(({ secretArn }) => current.has(secretArn)));
  const readers = functions.filter((fn) => reads(fn) && !rotating.has(fn.arn));
  const others = functions.filter((fn) => !readers.includes(fn));
  if (functions.length === 0) return null;
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Execution environments'),
    readers.map((fn) => lane(fn, current)),
    others.length > 0 &&
      h(
        'details',
        { 'data-key': 'other-functions' },
        h('summary', {}, readers.length > 0 ? `${others.length} more functions` : 'Functions of this execution'),
        others.map((fn) => lane(fn, new Map())),
      ),
  );
}

/** One function: each of its environments, the configuration it runs, and which version of a secret it read last. */
export function lane(fn, current) {
  return h(
    'div',
    { class: 'lane', 'data-key': fn.arn, 'data-function': fn.name },
    h(
      'h3',
      {},
      h('span', { class: 'mono' }, fn.name),
      fn.isUpdating && h('span', { class: 'badge accent' }, 'updating'),
      fn.aliases.map(({ name, version }) => h('span', { class: 'badge muted' }, `${name} → ${version}`)),
    ),
    fn.environments.length + fn.ended.length === 0
      ? h('p', { class: 'empty-note' }, 'No environment is alive; the next request starts one.')
      : h(
          'ul',
          { class: 'environments' },
          [...fn.environments, ...fn.ended.slice(0, 6)].map((one) => environment(one, current)),
        ),
  );
}

function environment(one, current) {
  const read = one.reads.find(({ secretArn }) => current.has(secretArn));
  const freshness = read && (current.get(read.secretArn) === read.versionId ? 'fresh' : 'stale');
  return h(
    'li',
    {
      class: `environment ${one.state} ${freshness ?? ''}`,
      'data-key': one.id,
      'data-environment': one.id,
      'data-freshness': freshness ?? 'none',
    },
    h('span', { class: 'environment-id mono', title: one.id }, shortId(one.id)),
    h('span', { class: `environment-state ${one.state}` }, one.state, one.state === 'ended' && [' ', ago(one.since)]),
    h(
      'span',
      { class: 'muted' },
      one.version === '$LATEST' ? `configuration ${shortId(one.configurationRevision)}` : `version ${one.version}`,
    ),
    !one.isLatestConfiguration && h('span', { class: 'label awsprevious' }, 'old configuration'),
    one.isProvisioned && h('span', { class: 'muted' }, 'provisioned'),
    read &&
      h(
        'span',
        { class: 'environment-read' },
        freshness === 'fresh' ? 'read the current version ' : `read an earlier version (${shortId(read.versionId)}) `,
        ago(read.at),
      ),
  );
}
