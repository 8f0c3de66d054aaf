"""What the gateways' rules give for known texts: both adapters and simulator are held to them."""

from typing import Final
from urllib.parse import parse_qsl

PASSPHRASE: Final = "jt7NOE43FZPn"
NOTIFICATION: Final = (
    "m_payment_id=000000020&pf_payment_id=1234567&payment_status=COMPLETE"
    "&item_name=Falcon+booking+AB12CD34&item_description=&amount_gross=15.00&amount_fee=-2.30"
    "&amount_net=12.70&custom_str1=&custom_str2=&custom_str3=&custom_str4=&custom_str5=&custom_int1="
    "&custom_int2=&custom_int3=&custom_int4=&custom_int5=&name_first=Ann&name_last=O%27Brien"
    "&email_address=ann%2Btrip%40example.com&merchant_id=10000100"
)
FIELDS: Final = parse_qsl(NOTIFICATION, keep_blank_values=True)
SIGNATURES: Final = {
    "": "09b3040bc33e26070bc1b7bba909817d",
    PASSPHRASE: "6320bdeff5fde6621a010960dec65d53",
}

# The example of standardwebhooks.com
WEBHOOK_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK_ID: Final = "msg_p5jXN8AQM9LWM0D4loKWxJek"
WEBHOOK_TIME: Final = 1614265330
WEBHOOK_BODY: Final = '{"test": 2432232314}'
WEBHOOK_SIGNATURE: Final = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
