import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventDetails, startedBy } from '../../../pipeline/contracts/events.ts';

const document = readFileSync(fileURLToPath(new URL('../../../docs/events.md', import.meta.url)), 'utf8');
const common = ['schemaVersion', 'id', 'secretArn', 'secretName', 'versionId', 'executionArn'];
/** detail-type → the members that its row in the document names. */
const rows = new Map(
  [...document.matchAll(/^\| `([A-Z][A-Za-z ]+)` \|[^|]*\|([^|]*)\|$/gm)].map(([, type, members]) => [
    type,
    [...String(members).matchAll(/`(\w+)`/g)].map(([, member]) => member),
  ]),
);

test('docs/events.md tells of every event, and of no other', () => {
  const told = Object.keys(eventDetails).filter((type) => type !== 'Rotation Requested');
  expect([...rows.keys()].sort()).toEqual(told.sort());
});

test.each([...rows])('docs/events.md names the members of “%s” as the code has them', (type, members) => {
  const schema = eventDetails[type as keyof typeof eventDetails];
  const own = Object.keys(schema.entries).filter((member) => !common.includes(member));
  expect([...members].sort()).toEqual(own.sort());
});

test('docs/events.md names every member of a request, and everybody who may start a rotation', () => {
  for (const member of Object.keys(eventDetails['Rotation Requested'].entries)) {
    expect(document).toContain(`| \`${member}\` |`);
  }
  for (const starter of startedBy.options) expect(document).toContain(`\`${starter}\``);
});
