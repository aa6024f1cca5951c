/** JSON that is the same for the same data, in whatever order keys were set; maps are taken for objects. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (each instanceof Map) return Object.fromEntries([...each].sort(([a], [b]) => (a < b ? -1 : 1)))
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
