/** SQL of what a customer is called, by a row of `contacts`: by people, else in the address book of the phone app, else by WhatsApp. */
export function called(contact: string): string {
  return `coalesce(${contact}.name, ${contact}.book_name, ${contact}.profile_name)`;
}
