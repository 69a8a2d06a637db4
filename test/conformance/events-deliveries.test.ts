import { readFileSync } from 'node:fs';
import { PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from './endpoint.ts';
import { EventBus, type Queue } from './event-bus.ts';

const templates = JSON.parse(readFileSync(new URL('vectors/event-inputs.json', import.meta.url), 'utf8')) as [
  what: string,
  template: string,
  input: string | null,
][];

const detail = { name: 'Anna', object: { id: 1, to: 'x' }, list: ['A', 'B'], one: ['A'], yes: true, number: 7 };
const InputPathsMap = {
  name: '$.detail.name',
  type: '$.detail-type',
  missing: '$.detail.nothing',
  object: '$.detail.object',
  list: '$.detail.list',
  one: '$.detail.one',
  second: '$.detail.list[1]',
  yes: '$.detail.yes',
  number: '$.detail.number',
};

let bus: EventBus;
let queue: Queue;
beforeAll(async () => {
  bus = await EventBus.open();
  queue = await bus.queue();
});
afterAll(() => bus?.close());

/** What the queue gets of an event that a rule passes on as `target` says. */
async function delivered(target: object): Promise<{ body: string; rule: { name: string; arn: string } }> {
  const own = await bus.queue();
  const source = own.arn;
  const rule = await bus.rule({ source: [source] }, [{ Id: 'own', Arn: own.arn, ...target }]);
  const body = await bus.arrival(own, source, detail);
  await bus.removeRule(rule.name);
  return { body, rule };
}

describe('what a target receives', () => {
  test('the event, as it was put', async () => {
    const own = await bus.queue();
    await bus.rule({ source: ['whole'] }, [{ Id: 'own', Arn: own.arn }]);
    const body = await bus.arrival(own, 'whole', detail, {
      Resources: ['a', 'b'],
      Time: new Date('2026-01-02T03:04:05.678Z'),
    });
    expect(JSON.parse(body)).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      'detail-type': 'Case',
      source: 'whole',
      account: bus.arn.split(':')[4],
      time: '2026-01-02T03:04:05Z',
      region: bus.endpoint.region,
      resources: ['a', 'b'],
      detail,
    });
    expect(Object.keys(JSON.parse(body))).toEqual(
      'version id detail-type source account time region resources detail'.split(' '),
    );
  });

  test.each([
    ['$.detail', JSON.stringify(detail)],
    ['$.detail.object', '{"id":1,"to":"x"}'],
    ['$.detail.name', '"Anna"'],
    ['$.detail.list[0]', '"A"'],
    ['$.detail.number', '7'],
  ])('a part of it by InputPath %s', async (InputPath, body) => {
    expect((await delivered({ InputPath })).body).toBe(body);
  });

  test('a constant', async () => {
    expect((await delivered({ Input: '{"always": [1, 2]}' })).body).toBe('{"always": [1, 2]}');
  });

  test.each(templates.filter(([, , input]) => input !== null))('a template: %s', async (_, InputTemplate, input) => {
    expect((await delivered({ InputTransformer: { InputPathsMap, InputTemplate } })).body).toBe(input);
  });

  test.each(templates.filter(([, , input]) => input === null))('nothing: %s', async (_, InputTemplate) => {
    const [own, sentinel] = [await bus.queue(), await bus.queue()];
    await bus.rule({ source: [own.arn] }, [
      { Id: 'own', Arn: own.arn, InputTransformer: { InputPathsMap, InputTemplate } },
      { Id: 'sentinel', Arn: sentinel.arn },
    ]);
    await bus.arrival(sentinel, own.arn, detail);
    expect(await bus.taken(own)).toEqual([]);
  });

  test('a template with the variables that are always there', async () => {
    const InputTemplate =
      '{"rule":"<aws.events.rule-name>","arn":<aws.events.rule-arn>,"at":<aws.events.event.ingestion-time>,"event":<aws.events.event>,"json":<aws.events.event.json>}';
    const { body, rule } = await delivered({ InputTransformer: { InputTemplate } });
    const filled = JSON.parse(body);
    expect(filled).toMatchObject({
      rule: rule.name,
      arn: rule.arn,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      event: { detailType: 'Case', resources: [], version: '0', id: filled.json.id },
      json: { 'detail-type': 'Case', detail },
    });
    expect(Object.keys(filled.event)).not.toContain('detail');
  });
});

describe('a target is refused', () => {
  test.each([
    [
      'two kinds of input',
      { InputPath: '$.detail', InputTransformer: { InputTemplate: '{"a":1}' } },
      'Only one of Input, InputPath, or InputTransformer must be provided for target own.',
    ],
    [
      'a variable that no path defines',
      { InputTransformer: { InputPathsMap, InputTemplate: '"<who>"' } },
      'InputTemplate for target own contains invalid placeholder who.',
    ],
  ])('%s', async (_, members, message) => {
    const rule = await bus.rule({ source: ['never'] });
    const Targets = [{ Id: 'own', Arn: queue.arn, ...members }];
    const put = bus.events.send(new PutTargetsCommand({ Rule: rule.name, EventBusName: bus.name, Targets }));
    expect(await refusal(put)).toEqual({ code: 'ValidationException', message, status: 400 });
  });

  test('a template that is neither JSON nor a text', async () => {
    const rule = await bus.rule({ source: ['never'] });
    const InputTransformer = { InputPathsMap, InputTemplate: '<list> and more' };
    const Targets = [{ Id: 'own', Arn: queue.arn, InputTransformer }];
    const put = bus.events.send(new PutTargetsCommand({ Rule: rule.name, EventBusName: bus.name, Targets }));
    expect(await refusal(put)).toMatchObject({
      code: 'ValidationException',
      message: expect.stringMatching(/^Invalid InputTemplate for target own : /),
    });
  });
});

describe('an event', () => {
  test('reaches every target of every rule that it matches, with one id', async () => {
    const [first, second, third] = [await bus.queue(), await bus.queue(), await bus.queue()];
    await bus.rule({ source: ['many'] }, [
      { Id: 'first', Arn: first.arn },
      { Id: 'second', Arn: second.arn },
    ]);
    await bus.rule({ detail: { n: [{ numeric: ['>', 1] }] } }, [{ Id: 'third', Arn: third.arn }]);
    await bus.rule({ detail: { n: [{ numeric: ['<', 1] }] } }, [{ Id: 'none', Arn: queue.arn }]);
    const bodies = [await bus.arrival(third, 'many', { n: 2 }), await bus.message(first), await bus.message(second)];
    expect(new Set(bodies.map((body) => JSON.parse(String(body)).id)).size).toBe(1);
    expect(await bus.taken(queue)).toEqual([]);
  });

  test('is read as written: a number beyond what a double holds is matched by its digits', async () => {
    const own = await bus.queue();
    await bus.rule({ source: ['digits'], detail: { n: [12345.6789] } }, [{ Id: 'own', Arn: own.arn }]);
    const Detail = '{"n": 12345.67890}';
    expect(JSON.parse(await bus.arrival(own, 'digits', {}, { Detail })).detail).toEqual({ n: 12345.6789 });
  });
});
