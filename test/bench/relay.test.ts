import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openRelay } from './relay.ts'

/** A server that answers each message with itself, upper case; and the relay before it. */
async function relayed() {
  const folder = mkdtempSync(join(tmpdir(), 'relay-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const server = createServer((socket) =>
    socket.on('data', (data) => socket.write(String(data).toUpperCase())),
  )
  server.listen(join(folder, 'server'))
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  let answers = 0
  const relay = await openRelay(join(folder, 'relay'), join(folder, 'server'), () => {
    answers += 1
  })
  return { path: join(folder, 'relay'), relay, answers: () => answers }
}

test('passes on what both sides say, and hears the first answer only', async () => {
  const { path, relay, answers } = await relayed()
  const client = connect(path)
  await once(client, 'connect')
  expect(answers()).toBe(0)
  for (const word of ['one', 'two']) {
    client.write(word)
    expect(String((await once(client, 'data'))[0])).toBe(word.toUpperCase())
  }
  expect(answers()).toBe(1)
  const closed = once(client, 'close')
  await relay.close()
  await closed
})

test('a server that is not there ends the connection', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const relay = await openRelay(join(folder, 'relay'), join(folder, 'none'), () => expect.fail('an answer'))
  const client = connect(join(folder, 'relay'))
  await once(client, 'close')
  await relay.close()
})
