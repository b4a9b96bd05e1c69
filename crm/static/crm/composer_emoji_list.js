// Emoji people answer with, each with the words it is found by.

/** Those of a reaction, at hand. */
export const QUICK = ["👍", "❤️", "😂", "🙏", "🎉", "😮"];

const LIST = `
😀 улыбка радость smile happy|😃 улыбка радость smile happy|😄 смех улыбка laugh smile|😁 улыбка зубы grin|😂 смех до слёз laugh tears joy
🤣 хохот смех laugh rofl|😊 улыбка румянец smile blush|🙂 улыбка smile|😉 подмигивание wink|😍 влюблён любовь love eyes
😘 поцелуй kiss|😋 вкусно yummy tasty|😎 круто очки cool|🤗 объятие hug|🤔 думаю think|😅 неловко пот sweat
😇 ангел angel|🥰 любовь нежность love|🤩 восторг звёзды star wow|😌 спокойно relief calm|😏 ухмылка smirk|😐 нейтрально neutral
😴 сон спать sleep|😢 слеза грусть cry sad|😭 плач рыдание cry sob|😔 грусть sad|😞 разочарование sad|😕 недоумение confused
😮 удивление wow surprise|😱 ужас крик scream|😳 смущение flushed|😡 злость angry|😤 злость пар angry|🙄 закатил глаза eyes roll
😬 неловко grimace|🤒 болею температура sick ill|😷 маска болею mask sick|🥳 праздник вечеринка party|🤝 договорились рукопожатие deal handshake
👍 хорошо да класс ok yes like thumb|👎 плохо нет no dislike thumb|👌 окей отлично ok|✌️ победа мир victory peace|🤞 удача пальцы luck|👏 аплодисменты браво clap
🙌 ура руки hooray hands|🙏 спасибо пожалуйста thanks please pray|💪 сила мышцы strong|👋 привет пока рука hello bye wave|☝️ внимание палец up|👉 сюда палец right point
👇 ниже палец down point|✍️ пишу запись write|❤️ сердце любовь heart love red|🧡 сердце оранжевое heart orange|💛 сердце жёлтое heart yellow|💚 сердце зелёное heart green
💙 сердце синее heart blue|💜 сердце фиолетовое heart purple|🖤 сердце чёрное heart black|💔 разбитое сердце broken heart|💕 сердца любовь hearts|💯 сто процентов hundred
🔥 огонь горячо fire hot|⭐ звезда star|✨ блеск искры sparkles|🎉 праздник хлопушка party congratulations|🎊 праздник конфетти confetti|🎁 подарок gift
🎂 торт день рождения cake birthday|🎈 шарик balloon|💐 букет цветы flowers|🌹 роза rose flower|🌷 тюльпан tulip flower|🌸 цветок сакура blossom
🌞 солнце sun|☀️ солнце sun sunny|🌧️ дождь rain|❄️ снег зима snow winter|🌈 радуга rainbow|🎄 ёлка новый год christmas tree
☕ кофе чай coffee|🍵 чай чашка tea|🍰 торт кусок cake|🍕 пицца pizza|🍎 яблоко apple|🍓 клубника strawberry
🍫 шоколад chocolate|🍯 мёд honey|🥂 бокалы тост cheers|🍷 вино wine|🍽️ еда тарелка food plate|🛒 корзина покупки cart shopping
🛍️ покупки пакеты shopping bags|📦 посылка коробка заказ box parcel order|🚚 доставка машина delivery truck|🚗 машина car|✈️ самолёт plane|🏠 дом home house
🏪 магазин shop store|📍 место адрес pin place|🗺️ карта map|💳 карта оплата card pay|💵 деньги money cash|💰 деньги мешок money
🧾 чек счёт receipt|🏷️ цена бирка price tag|📞 телефон звонок phone call|📱 телефон мобильный phone mobile|💬 сообщение чат message chat|✉️ письмо почта mail letter
📧 почта email|📷 фото камера photo camera|🎥 видео камера video|📎 скрепка файл clip file|📄 документ document|📝 заметка записать note
📅 календарь дата calendar date|⏰ будильник время alarm time|⏳ ждём часы wait hourglass|🕐 время часы time clock|🔔 колокольчик bell|🔎 поиск search
🔑 ключ key|🔒 замок lock|🛠️ ремонт инструменты repair tools|👕 футболка одежда shirt clothes|👗 платье одежда dress clothes|👟 обувь кроссовки shoes
💄 помада косметика lipstick|💅 маникюр nails|💊 таблетка лекарство pill medicine|🐶 собака dog|🐱 кошка cat|👶 ребёнок baby child
✅ готово да галочка done yes check|☑️ галочка check|✔️ галочка check|❌ нет отмена no cross|❗ важно внимание important|❓ вопрос question
⚠️ внимание осторожно warning|ℹ️ информация info|➡️ стрелка вправо arrow right|⬇️ стрелка вниз arrow down|🆕 новинка new|🆗 окей ok
🔝 лучшее верх top|♻️ переработка recycle|🚀 ракета быстро rocket fast|💡 идея лампочка idea light|🎯 цель точно target goal|🏆 кубок победа trophy win`;

/** [emoji, its words] of each. */
export const EMOJI = LIST.trim().split(/[|\n]/).map((line) => {
    const [emoji, ...names] = line.split(" ");
    return [emoji, names.join(" ")];
});
