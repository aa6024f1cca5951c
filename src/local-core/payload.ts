/** A message's bytes as something that a person or a test can read: JSON's value, else text, else base64. */
export function readablePayload(payload: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(payload)
  } catch {
    return { base64: Buffer.from(payload).toString('base64') }
  }
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
