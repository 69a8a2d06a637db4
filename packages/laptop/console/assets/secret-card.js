import { h } from './dom.js';
import { durationText, shortId } from './format.js';
import { ago, glyph } from './parts.js';

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
const tones = { succeeded: 'good', failed: 'bad', running: 'accent' };
const words = { succeeded: 'done', failed: 'failed', running: 'running' };

/** What Secrets Manager does meanwhile: the four steps of its rotation, and where the labels are. */
export function secretCards(secrets) {
  return secrets.map((secret) =>
    h(
      'section',
      { class: 'card secret', 'data-key': secret.arn, 'data-secret': secret.name },
      h('h2', {}, 'Secret ', h('span', { class: 'mono' }, secret.name)),
      secret.steps.length > 0 && stepper(secret.steps),
      versionTable(secret.versions),
      h(
        'p',
        { class: 'note' },
        'Last rotated ',
        ago(secret.lastRotatedAt),
        secret.nextRotationAt && [', by itself ', ago(secret.nextRotationAt)],
        '.',
      ),
    ),
  );
}

function stepper(done) {
  const attempt = Math.max(...done.map((step) => step.attempt));
  const current = done.filter((step) => step.attempt === attempt);
  return [
    attempt > 1 && h('p', { class: 'note' }, `Attempt ${attempt}: Secrets Manager tries the whole rotation again.`),
    h(
      'ol',
      { class: 'stepper', 'aria-label': `Steps of the rotation of version ${shortId(done[0].token)}` },
      steps.map((name) => {
        const step = current.find((one) => one.step === name);
        const took = step?.endedAt ? durationText(new Date(step.endedAt) - new Date(step.startedAt)) : '';
        return h(
          'li',
          {
            class: step ? tones[step.outcome] : 'waiting',
            'data-step': name,
            'data-outcome': step?.outcome ?? 'waiting',
          },
          glyph(step ? tones[step.outcome] : 'muted'),
          h('span', { class: 'step-name' }, name),
          h('span', { class: 'muted' }, step ? `${words[step.outcome]}${took && ` in ${took}`}` : 'not yet'),
        );
      }),
    ),
  ];
}

function versionTable(versions) {
  return h(
    'table',
    { class: 'versions' },
    h('caption', { class: 'visually-hidden' }, 'Versions with staging labels'),
    h(
      'thead',
      { class: 'visually-hidden' },
      h('tr', {}, h('th', { scope: 'col' }, 'Version'), h('th', { scope: 'col' }, 'Labels')),
    ),
    h(
      'tbody',
      {},
      versions.map(({ versionId, stages }) =>
        h(
          'tr',
          { 'data-key': versionId },
          h('th', { scope: 'row', class: 'mono', title: versionId }, shortId(versionId)),
          h(
            'td',
            {},
            stages.map((stage) => h('span', { class: `label ${stage.toLowerCase()}` }, stage)),
          ),
        ),
      ),
    ),
  );
}
